//! What the template allows each function is what the function does: nothing is missing, nothing is too much.
//!
//! The embedded S3 and SQS record what is asked of them. What a policy must allow for it is in [`needed`], from AWS's own
//! tables; what Lambda itself does in a function's name (logs, traces, the failure queue) is asked of the same role.

use std::collections::BTreeSet;

use thumbline_local::Permission;
use thumbline_local::s3::{Effect, Fault, KeyPattern, RequestRecord};

use crate::stack::{TestStack, sample};

/// A picture through every state that it can be in, and one that fails until it is redriven. Every door must be opened here.
async fn exercise(stack: &TestStack) {
    stack.upload("photo.jpg", sample("orientation-6.jpg")).await;
    stack.stack.idle().await;
    stack.upload("photo.jpg", sample("truncated.jpg")).await;
    stack.stack.idle().await;
    stack.remove("photo.jpg").await;
    stack.stack.idle().await;

    let outage = stack.stack.s3().faults().inject(Fault {
        operation: Some("PutObject".to_owned()),
        bucket: None,
        key: KeyPattern::Prefix("late.jpg/".to_owned()),
        // The first attempt and two more.
        times: None,
        effect: Effect::SlowDown,
    });
    let mut records = stack.stack.lambda().subscribe();
    stack.upload("late.jpg", sample("orientation-1.jpg")).await;
    while records.recv().await.unwrap().will_retry {}
    stack.stack.s3().faults().lift(outage);
    stack.stack.idle().await;
    assert_eq!(
        stack.outputs().await.len(),
        4,
        "the failed event came back from the queue, and only its outputs are there"
    );
}

/// What a request to S3 takes. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
fn needed(request: &RequestRecord) -> Vec<Permission> {
    let bucket = format!("arn:aws:s3:::{}", request.bucket.as_deref().unwrap());
    let objects = format!("{bucket}/*");
    let permission =
        |action: &str, resource: &str| Permission { action: action.into(), resource: resource.into() };
    match request.operation.as_str() {
        // To be told that a key is not there takes the right to list.
        "GetObject" | "HeadObject" if request.status == 404 => {
            vec![permission("s3:GetObject", &objects), permission("s3:ListBucket", &bucket)]
        }
        "GetObject" | "HeadObject" => vec![permission("s3:GetObject", &objects)],
        "PutObject" => vec![permission("s3:PutObject", &objects)],
        "DeleteObject" => vec![permission("s3:DeleteObject", &objects)],
        "ListObjectsV2" => vec![permission("s3:ListBucket", &bucket)],
        other => panic!("{other} is new: what does it take?"),
    }
}

/// Everything that the functions of a stack asked for, and that Lambda asked for in their name.
fn used(stack: &TestStack, granted: &[Permission]) -> BTreeSet<Permission> {
    let requests = stack.stack.s3().requests().recent();
    let by_functions = requests.iter().filter(|r| r.user_agent.contains("exec-env/AWS_Lambda"));
    let mut used: BTreeSet<Permission> = by_functions.flat_map(needed).collect();
    used.extend(stack.stack.sqs().actions().taken().into_iter().map(|(action, queue)| Permission {
        action: format!("sqs:{action}"),
        resource: format!("arn:aws:sqs:us-east-1:000000000000:{queue}"),
    }));
    // Logs and traces go out with every invocation, whatever it does, and leave no request that could be seen here.
    let of_lambda =
        ["logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords"];
    for action in of_lambda {
        let grant = granted.iter().find(|grant| grant.action == action);
        used.insert(grant.unwrap_or_else(|| panic!("{action} is not granted")).clone());
    }
    used
}

#[tokio::test]
async fn each_function_may_do_what_it_does_and_nothing_else() {
    let stack = TestStack::with(|options| {
        options.parameters.insert("Redrive".to_owned(), "enabled".to_owned());
    })
    .await;
    exercise(&stack).await;

    let blueprint = stack.stack.blueprint();
    assert_eq!(blueprint.functions.len(), 1, "a new function needs its requests told from the others'");
    let role = blueprint.functions[0].role.as_ref().expect("a role of its own");
    let granted = &blueprint.permissions[role];
    let used = used(&stack, granted);
    let granted: BTreeSet<Permission> = granted.iter().cloned().collect();
    let missing: Vec<_> = used.difference(&granted).collect();
    let idle: Vec<_> = granted.difference(&used).collect();
    assert!(missing.is_empty(), "used, but not granted by template.yaml: {missing:#?}");
    assert!(idle.is_empty(), "granted by template.yaml, but never used: {idle:#?}");
    for permission in &granted {
        let unnamed = permission.resource == "*" && !permission.action.starts_with("xray:");
        assert!(!unnamed && !permission.action.contains('*'), "{permission:?} can be narrowed");
    }
    stack.stack.stop().await;
}
