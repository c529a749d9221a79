//! The ways in which a function's process can end.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::stage::{Plan, context, ended, failure, kill, response};

#[tokio::test]
async fn a_process_that_exits_fails_its_invocation_and_is_replaced() {
    let mut stage = Plan::new().start().await;
    let process = response(&stage.invoke(&context()).await)["process"].clone();
    let event = json!({ "steps": [{ "print_without_end": "last words" }, { "exit": 3 }] });
    let failed = failure(&stage.invoke(&event).await);
    assert_eq!(failed["errorType"], "Runtime.ExitError");
    let message = failed["errorMessage"].as_str().unwrap();
    assert!(message.ends_with(" Error: Runtime exited with error: exit status 3"), "{message}");
    let lines = stage.lines();
    assert!(lines.iter().any(|line| line == "last words"), "{lines:?}");
    assert!(lines.last().unwrap().ends_with("\tStatus: error\tError Type: Runtime.ExitError"), "{lines:?}");
    assert_ne!(response(&stage.invoke(&context()).await)["process"], process);
}

#[tokio::test]
async fn a_process_that_exits_without_error_fails_its_invocation_too() {
    let stage = Plan::new().start().await;
    let failed = failure(&stage.invoke(&json!({ "steps": [{ "exit": 0 }] })).await);
    let message = failed["errorMessage"].as_str().unwrap();
    assert!(message.ends_with("Runtime exited without providing a reason"), "{message}");
}

#[tokio::test]
async fn an_invocation_is_killed_when_its_time_is_over() {
    let mut stage =
        Plan::new().with(|function| function.timeout = Duration::from_millis(1_500)).start().await;
    let process = response(&stage.invoke(&context()).await)["process"].as_u64().unwrap();
    let started = Instant::now();
    let attempt = stage.invoke(&json!({ "steps": [{ "print": "before" }, { "sleep_ms": 60_000 }] })).await;
    let failed = failure(&attempt);
    assert_eq!(failed["errorType"], "Sandbox.Timedout");
    let message = failed["errorMessage"].as_str().unwrap();
    assert!(message.ends_with(" Error: Task timed out after 1.50 seconds"), "{message}");
    assert!(attempt.duration >= Duration::from_millis(1_500) && started.elapsed() < Duration::from_secs(30));
    let lines = stage.lines();
    assert!(lines.iter().any(|line| line == "before"), "{lines:?}");
    assert!(lines.last().unwrap().ends_with("\tStatus: timeout"), "{lines:?}");
    ended(u32::try_from(process).unwrap()).await;
    assert!(stage.invoke(&context()).await.outcome.is_ok());
}

#[tokio::test]
async fn what_a_function_started_ends_with_it() {
    let mut stage = Plan::new().start().await;
    let failed = failure(&stage.invoke(&json!({ "steps": ["spawn_sleep", { "exit": 1 }] })).await);
    assert_eq!(failed["errorType"], "Runtime.ExitError");
    let lines = stage.lines();
    let pid = lines.iter().find_map(|line| line.strip_prefix("spawned ")).unwrap();
    ended(pid.parse().unwrap()).await;
}

#[tokio::test]
async fn a_deadline_is_told_and_is_now_plus_the_timeout() {
    let stage = Plan::new().start().await;
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let before = now();
    let deadline = u128::from(response(&stage.invoke(&context()).await)["deadline"].as_u64().unwrap());
    assert!(
        (before + 30_000..=now() + 30_000).contains(&deadline),
        "{deadline} is not within 30 s of {before}"
    );
}

#[tokio::test]
async fn a_process_that_ends_before_asking_for_work_fails_the_invocation_with_what_it_printed() {
    let init = |function: &mut thumbline_local_lambda::FunctionConfig| {
        function.environment.insert("OBEDIENT_INIT".into(), r#"{"exit":7}"#.into());
    };
    let mut stage = Plan::new().with(init).start().await;
    let attempt = stage.invoke(&json!({})).await;
    let failed = failure(&attempt);
    assert_eq!(failed["errorType"], "Runtime.ExitError");
    assert!(failed["errorMessage"].as_str().unwrap().contains("exit status 7"), "{failed}");
    let lines = stage.lines();
    assert_eq!(lines[0], "taking a step before asking for work");
    assert!(lines[1].starts_with("INIT_REPORT Init Duration: "), "{lines:?}");
    assert!(String::from_utf8(attempt.log_tail).unwrap().contains("taking a step"));
}

#[tokio::test]
async fn a_bootstrap_that_is_not_there_fails_the_invocation_and_says_which() {
    let stage = Plan::new().with(|function| function.bootstrap = "/nowhere/bootstrap".into()).start().await;
    let failed = failure(&stage.invoke(&json!({})).await);
    assert_eq!(failed["errorType"], "Runtime.InvalidEntrypoint");
    assert!(failed["errorMessage"].as_str().unwrap().contains("/nowhere/bootstrap"), "{failed}");
}

#[tokio::test]
async fn an_environment_that_dies_while_it_waits_costs_nobody_an_invocation() {
    let stage = Plan::new().start().await;
    let process = response(&stage.invoke(&context()).await)["process"].as_u64().unwrap();
    kill(u32::try_from(process).unwrap());
    ended(u32::try_from(process).unwrap()).await;
    let next = response(&stage.invoke(&context()).await)["process"].as_u64().unwrap();
    assert_ne!(next, process);
}

#[tokio::test]
async fn no_process_outlives_the_stack() {
    let mut stage = Plan::new().with(|function| function.concurrency = 2).start().await;
    stage.enqueue(&json!({ "steps": [{ "print": "inside" }, { "sleep_ms": 600_000 }] })).await;
    stage.logged("inside").await;
    stage.invoke(&json!({})).await;
    let running = stage.lambda.running();
    assert_eq!(running.len(), 2);
    stage.lambda.stop().await;
    for environment in running {
        ended(environment.pid).await;
    }
}

#[tokio::test]
async fn dropping_the_lambda_stops_it_too() {
    let stage = Plan::new().start().await;
    let process = response(&stage.invoke(&context()).await)["process"].as_u64().unwrap();
    drop(stage);
    ended(u32::try_from(process).unwrap()).await;
}
