//! What the template allows each function is what the function does: nothing is missing, nothing is too much.
//!
//! The embedded S3 and SQS record what is asked of them. What a policy must allow for it is in [`needed`], from AWS's own
//! tables; what Lambda itself does in a function's name (logs, traces, the failure queue) is asked of the same role.

use std::collections::BTreeSet;

use serde_json::json;
use thumbline_local::Permission;
use thumbline_local::s3::{Effect, Fault, KeyPattern, RequestRecord};

use crate::stack::{TestStack, sample};

/// What is in the user agent of every function.
const ANY_FUNCTION: &str = "exec-env/AWS_Lambda";

/// A picture through every state that it can be in, and one that fails until it is redriven. All of the resize function's
/// ways must be gone here.
async fn exercise_resize(stack: &TestStack) {
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

/// Every request that the API answers, and each in every way that asks something else of AWS. Uploads do not reach the resize
/// function here: whatever is asked for is asked by the API's.
async fn exercise_api(stack: &TestStack) {
    use thumbline_local::lambda::NewMessage;

    let upload = sample("orientation-6.jpg");
    let created = stack.api("POST", "/images", &[("key", "photo.jpg")], Some(("image/jpeg", &upload))).await;
    assert_eq!(created["statusCode"], 201, "{created}");
    let announced = br#"{"key":"other.jpg","content_type":"image/jpeg","bytes":9}"#;
    let created = stack.api("POST", "/images", &[], Some(("application/json", announced))).await;
    assert_eq!(created["statusCode"], 201, "{created}");
    for (path, query) in [
        ("/thumbnails/photo.jpg", &[("preset", "small")][..]),
        ("/thumbnails/photo.jpg", &[("w", "160")]),
        ("/manifests/photo.jpg", &[]),
        ("/images", &[]),
        ("/failures", &[]),
    ] {
        let answer = stack.api("GET", path, query, None).await;
        assert_eq!(answer["statusCode"], 200, "{path}: {answer}");
    }
    assert_eq!(stack.api("DELETE", "/images/photo.jpg", &[], None).await["statusCode"], 204);
    let gone = stack.api("GET", "/thumbnails/photo.jpg", &[("preset", "small")], None).await;
    assert_eq!(gone["statusCode"], 404, "{gone}");
    assert_eq!(stack.outputs().await, Vec::<String>::new());

    let record = include_str!("../../../samples/events/failure-record.json");
    let body = record.replace("thumbline-input-000000000000", &stack.stack.endpoints().input_bucket);
    let queue = &stack.stack.endpoints().failure_queue;
    let message = NewMessage { body, ..NewMessage::default() };
    stack.stack.sqs().send(queue, message).await.unwrap();
    let redriven = stack.api("POST", "/failures/redrive", &[], None).await;
    let told: serde_json::Value = serde_json::from_str(redriven["body"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&told["redriven"][0]["outcome"], &told["left"]),
        (&"removed".into(), &0.into()),
        "{redriven}"
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
        "PutObject" => {
            let is_record = request.key.as_deref().is_some_and(|key| key.starts_with("~/backfill/"));
            vec![permission(
                "s3:PutObject",
                &if is_record { format!("{bucket}/~/backfill/*") } else { objects },
            )]
        }
        "DeleteObject" => vec![permission("s3:DeleteObject", &objects)],
        "ListObjectsV2" => vec![permission("s3:ListBucket", &bucket)],
        other => panic!("{other} is new: what does it take?"),
    }
}

/// Everything that a function asked for that says so in its user agent, and that Lambda asked for in its name.
fn used(stack: &TestStack, granted: &[Permission], user_agent: &str) -> BTreeSet<Permission> {
    let requests = stack.stack.s3().requests().recent();
    let by_function = requests.iter().filter(|request| request.user_agent.contains(user_agent));
    let mut used: BTreeSet<Permission> = by_function.flat_map(needed).collect();
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

/// Holds what a function used against what its role grants.
fn compare(stack: &TestStack, function: &str, user_agent: &str, not_its_own: &[&str], unseen: &[Permission]) {
    let blueprint = stack.stack.blueprint();
    let plan = blueprint.functions.iter().find(|plan| plan.name == function).expect("it is in the template");
    let granted = &blueprint.permissions[plan.role.as_ref().expect("a role of its own")];
    let mut used = used(stack, granted, user_agent);
    used.extend(unseen.iter().cloned());
    used.retain(|permission| !not_its_own.contains(&permission.action.as_str()));
    let granted: BTreeSet<Permission> = granted.iter().cloned().collect();
    let missing: Vec<_> = used.difference(&granted).collect();
    let idle: Vec<_> = granted.difference(&used).collect();
    assert!(missing.is_empty(), "used, but not granted by template.yaml: {missing:#?}");
    assert!(idle.is_empty(), "granted by template.yaml, but never used: {idle:#?}");
    for permission in &granted {
        let unnamed = permission.resource == "*" && !permission.action.starts_with("xray:");
        assert!(!unnamed && !permission.action.contains('*'), "{permission:?} can be narrowed");
    }
}

/// All of the backfill function's ways: a run in more than one turn, and a verification that finds something. Besides what S3
/// and SQS see, what Lambda was asked for: to invoke the resize function, and itself.
async fn exercise_backfill(stack: &TestStack) -> [Permission; 3] {
    stack.old_pictures(30).await;
    let event = json!({ "prefix": "", "pictures_per_invocation": 1, "invocations_per_second": 5 });
    let mut records = stack.stack.lambda().subscribe();
    let turns = stack.run(event).await;
    assert!(turns.len() > 1, "it has called itself");
    let mut invoked = Vec::new();
    while let Ok(record) = records.try_recv() {
        invoked.push(record.function.clone());
    }
    assert!(invoked.iter().any(|name| name == "thumbline-resize"), "{invoked:?}");
    let bucket = &stack.stack.endpoints().output_bucket;
    stack.stack.idle().await;
    stack.s3.delete_object().bucket(bucket).key("old/001.png/manifest.json").send().await.unwrap();
    let stray = stack.s3.put_object().bucket(bucket).key("nobody.jpg/small.webp").body(vec![1].into());
    stray.send().await.unwrap();
    let verified = stack.run(json!({ "verify": true })).await;
    assert_eq!(verified[0]["tally"]["orphaned"], 1, "{verified:?}");
    // The function calls itself by the name that it was called by: its alias's or, as from the console, its own.
    let function = |name: &str| format!("arn:aws:lambda:us-east-1:000000000000:function:thumbline-{name}");
    ["resize:live", "backfill", "backfill:live"]
        .map(|name| Permission { action: "lambda:InvokeFunction".to_owned(), resource: function(name) })
}

#[tokio::test]
async fn the_backfill_function_may_do_what_it_does_and_nothing_else() {
    let stack = TestStack::with(|options| {
        options.parameters.insert("BackfillTimeout".to_owned(), "10".to_owned());
    })
    .await;
    let invoked = exercise_backfill(&stack).await;
    compare(&stack, "thumbline-backfill", "app/backfill", &[], &invoked);
    stack.stack.stop().await;
}

#[tokio::test]
async fn the_resize_function_may_do_what_it_does_and_nothing_else() {
    let stack = TestStack::with(|options| {
        options.parameters.insert("Redrive".to_owned(), "enabled".to_owned());
        options.parameters.insert("Backfill".to_owned(), "disabled".to_owned());
    })
    .await;
    exercise_resize(&stack).await;
    let functions = &stack.stack.blueprint().functions;
    assert_eq!(functions.len(), 1, "what it asks for can't be told from what another does");
    compare(&stack, &functions[0].name.clone(), ANY_FUNCTION, &[], &[]);
    stack.stack.stop().await;
}

#[tokio::test]
async fn the_api_may_do_what_it_does_and_nothing_else() {
    let stack = TestStack::with(|options| {
        options.parameters.insert("Api".to_owned(), "enabled".to_owned());
        options.parameters.insert("KeySuffix".to_owned(), ".other".to_owned());
    })
    .await;
    exercise_api(&stack).await;
    // The test itself put a message into the queue.
    compare(&stack, "thumbline-api", ANY_FUNCTION, &["sqs:SendMessage"], &[]);
    stack.stack.stop().await;
}
