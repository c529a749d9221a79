//! Events that are accepted for later: retries, failure destinations, and what survives a restart.

use std::time::Duration;

use redb::Database;
use serde_json::json;

use crate::stage::{Plan, context, kill, response, soon};

#[tokio::test]
async fn an_event_is_delivered_and_forgotten() {
    let mut stage = Plan::new().start().await;
    let request_id = stage.enqueue(&context()).await;
    let record = stage.record().await;
    assert_eq!(
        (record.request_id.as_str(), record.attempt, record.will_retry),
        (request_id.as_str(), 1, false)
    );
    let seen: serde_json::Value = serde_json::from_slice(record.outcome.as_ref().unwrap()).unwrap();
    assert_eq!(seen["request_id"], request_id.as_str());
    stage.idle().await;
    assert_eq!(stage.queues.counts("failures").unwrap().total(), 0);
}

#[tokio::test]
async fn an_event_that_fails_twice_succeeds_at_the_third_attempt_with_the_same_request_id() {
    let mut stage = Plan::new().start().await;
    let counter = stage.path("counter");
    let event = json!({ "steps": [{ "fail_first": { "times": 2, "counter": counter } }] });
    let request_id = stage.enqueue(&event).await;
    for (attempt, will_retry) in [(1, true), (2, true), (3, false)] {
        let record = stage.record().await;
        assert_eq!((record.request_id.as_str(), record.attempt), (request_id.as_str(), attempt));
        assert_eq!((record.outcome.is_err(), record.will_retry), (will_retry, will_retry));
    }
    stage.idle().await;
    assert_eq!(stage.queues.counts("failures").unwrap().total(), 0);
}

#[tokio::test]
async fn an_event_that_always_fails_ends_in_the_failure_queue_with_its_reason() {
    let mut stage = Plan::new().start().await;
    let event = json!({ "steps": [{ "fail": "no store" }], "key": "a b+c.jpg" });
    let request_id = stage.enqueue(&event).await;
    for _ in 0..2 {
        assert!(stage.record().await.will_retry);
    }
    assert!(!stage.record().await.will_retry);
    // Whoever hears that it was given up finds it in the queue.
    let mut letter = stage.only_message("failures").await;
    let timestamp = letter["timestamp"].take();
    let timestamp = timestamp.as_str().unwrap();
    assert!(timestamp.len() == "2019-11-14T18:16:05.568Z".len() && timestamp.ends_with('Z'), "{timestamp}");
    assert_eq!(
        letter,
        json!({
            "version": "1.0",
            "timestamp": null,
            "requestContext": {
                "requestId": request_id,
                "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:obedient:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3,
            },
            "requestPayload": event,
            "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
            "responsePayload": {
                "errorType": letter["responsePayload"]["errorType"],
                "errorMessage": "no store",
            },
        })
    );
    stage.idle().await;
}

#[tokio::test]
async fn a_process_killed_in_the_middle_is_replaced_and_the_event_completes() {
    let mut stage = Plan::new().start().await;
    let gate = stage.path("gate");
    let event = json!({ "steps": [{ "print": "in the middle" }, { "wait_for": gate }] });
    let request_id = stage.enqueue(&event).await;
    stage.logged("in the middle").await;
    let running = stage.lambda.running();
    assert_eq!(running.len(), 1);
    assert_eq!(running[0].request_id.as_deref(), Some(request_id.as_str()));
    kill(running[0].pid);
    let record = stage.record().await;
    let error = record.outcome.as_ref().unwrap_err();
    assert_eq!(error.kind, "Runtime.ExitError");
    assert!(error.document.contains("signal: killed"), "{}", error.document);
    assert!(record.will_retry);
    std::fs::write(gate, "").unwrap();
    let record = stage.record().await;
    assert!(record.outcome.is_ok() && record.attempt == 2 && record.request_id == request_id);
    stage.idle().await;
}

#[tokio::test]
async fn an_event_that_is_too_old_is_given_up_without_an_attempt() {
    let stage =
        Plan::new().with(|function| function.asynchronous.max_event_age = Duration::ZERO).start().await;
    stage.enqueue(&json!({ "key": 1 })).await;
    stage.idle().await;
    let letter = stage.only_message("failures").await;
    assert_eq!(letter["requestContext"]["condition"], "EventAgeExceeded");
    assert_eq!(letter["requestContext"]["approximateInvokeCount"], 0);
    assert_eq!(letter["requestPayload"], json!({ "key": 1 }));
    assert_eq!((letter.get("responseContext"), letter.get("responsePayload")), (None, None));
    assert!(stage.lambda.running().is_empty());
}

#[tokio::test]
async fn an_event_whose_next_attempt_would_be_too_late_is_given_up_when_it_is_too_old() {
    let slow = |function: &mut thumbline_local_lambda::FunctionConfig| {
        function.asynchronous.retry_delays = vec![Duration::from_secs(3600); 2];
        function.asynchronous.max_event_age = Duration::from_secs(3);
    };
    let stage = Plan::new().with(slow).start().await;
    stage.enqueue(&json!({ "steps": [{ "fail": "no" }] })).await;
    stage.idle().await;
    let letter = stage.only_message("failures").await;
    assert_eq!(letter["requestContext"]["condition"], "EventAgeExceeded");
    assert_eq!(letter["requestContext"]["approximateInvokeCount"], 1);
    assert_eq!(letter["responsePayload"]["errorMessage"], "no");
}

#[tokio::test]
async fn events_wait_for_environments_and_no_more_run_than_may() {
    let mut stage = Plan::new().with(|function| function.concurrency = 2).start().await;
    let gate = stage.path("gate");
    for _ in 0..5 {
        stage.enqueue(&json!({ "steps": [{ "print": "inside" }, { "wait_for": gate }] })).await;
    }
    stage.logged("inside").await;
    stage.logged("inside").await;
    assert_eq!(stage.lambda.running().len(), 2);
    std::fs::write(gate, "").unwrap();
    stage.idle().await;
    for _ in 0..5 {
        let record = stage.record().await;
        assert!(record.outcome.is_ok() && record.attempt == 1, "waiting is no attempt");
    }
    assert_eq!(stage.lambda.running().len(), 2, "both were used again");
}

#[tokio::test]
async fn an_event_exists_only_if_its_transaction_is_committed() {
    let mut stage = Plan::new().start().await;
    let transaction = stage.database.begin_write().unwrap();
    stage.lambda.enqueue_in(&transaction, "obedient", r#"{"kept":false}"#).unwrap();
    transaction.abort().unwrap();
    stage.lambda.wake();
    let transaction = stage.database.begin_write().unwrap();
    stage.lambda.enqueue_in(&transaction, "obedient", r#"{"kept":true}"#).unwrap();
    transaction.commit().unwrap();
    stage.lambda.wake();
    assert_eq!(stage.record().await.payload, r#"{"kept":true}"#);
    stage.idle().await;
}

#[tokio::test]
async fn what_was_running_when_the_stack_stopped_comes_again_when_it_starts() {
    let mut stage = Plan::new().start().await;
    let (gate, folder, path) = (stage.path("gate"), stage.folder.clone(), stage.path("index.redb"));
    let event = json!({ "steps": [{ "print": "inside" }, { "wait_for": gate }] });
    let request_id = stage.enqueue(&event).await;
    stage.enqueue(&json!({ "second": true })).await;
    stage.logged("inside").await;
    stage.lambda.stop().await;
    drop(stage);

    std::fs::write(gate, "").unwrap();
    let database = soon("the database to be closed", open(&path)).await;
    let mut stage = Plan::new().start_on(database.into(), folder).await;
    let record = stage.record().await;
    assert!(record.outcome.is_ok() && record.request_id == request_id, "{record:?}");
    assert_eq!(stage.record().await.payload, r#"{"second":true}"#);
    stage.idle().await;
}

async fn open(path: &std::path::Path) -> Database {
    loop {
        match Database::create(path) {
            Ok(database) => return database,
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

#[tokio::test]
async fn idle_means_that_nothing_is_pending_and_nothing_runs() {
    let stage = Plan::new().start().await;
    stage.idle().await;
    for number in 0..20 {
        stage.enqueue(&json!({ "number": number })).await;
    }
    stage.idle().await;
    assert!(stage.lambda.running().iter().all(|environment| environment.request_id.is_none()));
    let again = response(&stage.invoke(&context()).await);
    assert!(again["process"].is_number());
}
