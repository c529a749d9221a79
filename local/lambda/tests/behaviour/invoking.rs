//! Invocations that a caller waits for.

use std::time::Duration;

use serde_json::json;
use thumbline_local_lambda::InvokeError;

use crate::stage::{Plan, context, failure, response};

#[tokio::test]
async fn a_function_gets_its_event_and_its_answer_comes_back() {
    let stage = Plan::new().start().await;
    let event = json!({ "key": "ünï/日本 😀.jpg", "number": 1.5 });
    assert_eq!(response(&stage.invoke(&event).await), event);
}

#[tokio::test]
async fn a_function_sees_what_it_would_see_on_lambda_and_nothing_of_this_machine() {
    let stage = Plan::new()
        .with(|function| {
            function.memory_mb = 512;
            function.handler = "resize".into();
            function.environment.insert("PRESETS".into(), "small".into());
        })
        .start()
        .await;
    let seen = response(&stage.invoke(&context()).await);
    assert_eq!(seen["arn"], "arn:aws:lambda:us-east-1:000000000000:function:obedient");
    assert!(seen["trace"].as_str().unwrap().starts_with("Root=1-"), "{seen}");
    assert_eq!(seen["folder"], std::env::temp_dir().canonicalize().unwrap().to_str().unwrap());
    let variables = seen["variables"].as_object().unwrap();
    for (name, value) in [
        ("PRESETS", "small"),
        ("_HANDLER", "resize"),
        ("AWS_LAMBDA_FUNCTION_NAME", "obedient"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "thumbline"),
        ("TZ", ":UTC"),
    ] {
        assert_eq!(variables[name], value, "{name}");
    }
    for name in ["HOME", "USER", "CARGO_MANIFEST_DIR"] {
        assert!(!variables.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn a_warm_environment_is_used_again_and_only_the_first_start_is_reported() {
    let mut stage = Plan::new().start().await;
    let first = stage.invoke(&context()).await;
    let second = stage.invoke(&context()).await;
    assert_eq!(response(&first)["process"], response(&second)["process"]);
    assert_ne!(response(&first)["request_id"], response(&second)["request_id"]);
    assert!(first.init_duration.is_some() && second.init_duration.is_none());
    let reports = stage.lines().into_iter().filter(|line| line.starts_with("REPORT")).collect::<Vec<_>>();
    assert!(reports[0].contains("Init Duration") && !reports[1].contains("Init Duration"), "{reports:?}");
}

#[tokio::test]
async fn what_a_function_prints_stands_between_start_and_end() {
    let mut stage = Plan::new().start().await;
    let event = json!({ "steps": [{ "print": "one" }, { "print": "two" }, { "use_mb": 64 }] });
    let attempt = stage.invoke(&event).await;
    let id = stage.record().await.request_id.clone();
    let lines = stage.lines();
    assert_eq!(
        lines[..4],
        [
            format!("START RequestId: {id} Version: $LATEST"),
            "one".into(),
            "two".into(),
            format!("END RequestId: {id}")
        ]
    );
    assert!(lines[4].starts_with(&format!("REPORT RequestId: {id}\tDuration: ")), "{}", lines[4]);
    assert!((64..640).contains(&attempt.peak_memory_mb), "{} MB", attempt.peak_memory_mb);
    assert!(String::from_utf8(attempt.log_tail).unwrap().contains("one\ntwo\n"));
}

#[tokio::test]
async fn an_answered_error_is_passed_on_and_the_environment_lives() {
    let stage = Plan::new().start().await;
    let process = response(&stage.invoke(&context()).await)["process"].clone();
    let failed = failure(&stage.invoke(&json!({ "steps": [{ "fail": "no picture" }] })).await);
    assert_eq!(failed["errorMessage"], "no picture");
    assert_eq!(response(&stage.invoke(&context()).await)["process"], process);
}

#[tokio::test]
async fn a_panic_is_an_error_of_that_invocation_alone() {
    let stage = Plan::new().start().await;
    let process = response(&stage.invoke(&context()).await)["process"].clone();
    let failed = failure(&stage.invoke(&json!({ "steps": [{ "panic": "oh no" }] })).await);
    assert!(failed["errorMessage"].as_str().unwrap().contains("oh no"), "{failed}");
    assert_eq!(response(&stage.invoke(&context()).await)["process"], process);
}

#[tokio::test]
async fn a_caller_is_turned_away_when_all_environments_are_busy() {
    let mut stage = Plan::new().start().await;
    let gate = stage.path("gate");
    let lambda = stage.lambda.clone();
    let event = json!({ "steps": [{ "print": "inside" }, { "wait_for": gate }] }).to_string();
    let first = tokio::spawn(async move { lambda.invoke("obedient", event.into()).await });
    stage.logged("inside").await;
    let second = stage.lambda.invoke("obedient", "{}".into()).await;
    assert!(matches!(second, Err(InvokeError::Throttled)), "{second:?}");
    std::fs::write(gate, "").unwrap();
    assert!(first.await.unwrap().unwrap().outcome.is_ok());
}

#[tokio::test]
async fn an_invocation_runs_to_its_end_even_if_its_caller_goes_away() {
    let mut stage = Plan::new().start().await;
    let gate = stage.path("gate");
    let lambda = stage.lambda.clone();
    let event = json!({ "steps": [{ "print": "inside" }, { "wait_for": gate }] }).to_string();
    let caller = tokio::spawn(async move { lambda.invoke("obedient", event.into()).await });
    stage.logged("inside").await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    std::fs::write(gate, "").unwrap();
    assert!(stage.record().await.outcome.is_ok());
    stage.idle().await;
}

#[tokio::test]
async fn payloads_that_lambda_would_not_take_are_refused() {
    let stage = Plan::new().start().await;
    let invoke = |payload: String| stage.lambda.invoke("obedient", payload.into());
    assert!(matches!(invoke("not JSON".into()).await, Err(InvokeError::NotJson(_))));
    let large = format!("\"{}\"", "x".repeat(6 * 1024 * 1024));
    assert!(matches!(invoke(large).await, Err(InvokeError::TooLarge { max: 6_291_456, .. })));
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    let queued = stage.lambda.enqueue("obedient", &large).await;
    assert!(matches!(queued, Err(InvokeError::TooLarge { max: 1_048_576, .. })));
    let unknown = stage.lambda.invoke("nobody", "{}".into()).await;
    assert!(matches!(unknown, Err(InvokeError::UnknownFunction(_))));
}

#[tokio::test]
async fn an_answer_over_six_megabytes_is_an_error() {
    let stage = Plan::new().start().await;
    assert!(stage.invoke(&json!({ "answer_mb": 5 })).await.outcome.is_ok());
    let process = response(&stage.invoke(&context()).await)["process"].clone();
    let failed = failure(&stage.invoke(&json!({ "answer_mb": 7 })).await);
    assert_eq!(failed["errorType"], "Function.ResponseSizeTooLarge");
    // lambda_runtime does not take the refusal for its own end, and neither does Lambda.
    assert_eq!(response(&stage.invoke(&context()).await)["process"], process);
}

#[tokio::test]
async fn an_idle_environment_is_stopped_after_its_time() {
    let mut plan = Plan::new();
    plan.idle_limit = Duration::from_millis(1);
    let stage = plan.start().await;
    let seen = response(&stage.invoke(&context()).await);
    let process = u32::try_from(seen["process"].as_u64().unwrap()).unwrap();
    crate::stage::ended(process).await;
    assert!(stage.lambda.running().is_empty());
    assert_ne!(response(&stage.invoke(&context()).await)["process"], process);
}
