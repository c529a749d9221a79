//! Functions that die and stores that fail: the event comes again and completes, or ends in the failure queue.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use thumbline_local::s3::{Effect, Fault, KeyPattern};
use tokio::sync::Notify;

use crate::stack::{TestStack, sample};

fn fault(operation: &str, key: KeyPattern, times: Option<u64>, effect: Effect) -> Fault {
    Fault { operation: Some(operation.to_owned()), bucket: None, key, times, effect }
}

#[tokio::test]
async fn a_function_killed_in_the_middle_is_run_again_and_completes() {
    let stack = TestStack::start().await;
    // Holds the first thumbnail's PUT, and tells when it has come.
    let reached = Arc::new(Notify::new());
    let tell = Arc::clone(&reached);
    let held = stack.stack.s3().faults().inject(fault(
        "PutObject",
        KeyPattern::Matching(Arc::new(move |key| {
            let ours = key.starts_with("photo.jpg/");
            if ours {
                tell.notify_one();
            }
            ours
        })),
        None,
        Effect::Delay(Duration::from_secs(600)),
    ));
    let mut records = stack.stack.lambda().subscribe();
    stack.upload("photo.jpg", sample("photo.jpg")).await;
    reached.notified().await;

    let running = stack.stack.lambda().running();
    let busy = running.iter().find(|environment| environment.request_id.is_some()).unwrap();
    assert!(Command::new("kill").args(["-9", &busy.pid.to_string()]).status().unwrap().success());
    stack.stack.s3().faults().lift(held);

    let died = records.recv().await.unwrap();
    assert_eq!(died.outcome.as_ref().unwrap_err().kind, "Runtime.ExitError");
    assert!(died.will_retry);
    let completed = records.recv().await.unwrap();
    assert_eq!((completed.attempt, &completed.request_id), (2, &died.request_id));
    let answer: Value = serde_json::from_slice(completed.outcome.as_ref().unwrap()).unwrap();
    assert_eq!(answer["outcomes"][0]["outcome"], "made");
    stack.stack.idle().await;
    assert_eq!(stack.outputs().await.len(), 4);
    stack.stack.stop().await;
}

#[tokio::test]
async fn a_store_that_fails_for_longer_than_the_retries_leaves_the_event_and_the_reason_in_the_failure_queue()
{
    let stack = TestStack::start().await;
    let down = stack.stack.s3().faults().inject(fault(
        "PutObject",
        KeyPattern::Prefix("photo.jpg/".to_owned()),
        None,
        Effect::SlowDown,
    ));
    let mut records = stack.stack.lambda().subscribe();
    stack.upload("photo.jpg", sample("photo.jpg")).await;
    stack.stack.idle().await;
    for attempt in 1..=3 {
        let record = records.recv().await.unwrap();
        let error = record.outcome.as_ref().expect_err("nothing may claim success");
        assert_eq!((record.attempt, error.kind.as_str()), (attempt, "Thumbline.Retry"));
        assert!(error.document.contains("throttled"), "{}", error.document);
    }
    assert!(stack.outputs().await.is_empty(), "nothing claims to be done");

    let queue = &stack.stack.endpoints().failure_queue;
    let messages = stack.stack.sqs().receive(queue, 10, Duration::ZERO, None).await.unwrap();
    assert_eq!(messages.len(), 1);
    let record: Value = serde_json::from_str(&messages[0].body).unwrap();
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(record["requestPayload"]["Records"][0]["s3"]["object"]["key"], "photo.jpg");
    assert!(record["responsePayload"]["errorMessage"].as_str().unwrap().contains("throttled"));

    // Once the store works again, the record itself is an event that the function understands.
    stack.stack.s3().faults().lift(down);
    let answer = stack.invoke(&record).await.unwrap();
    assert_eq!(answer["outcomes"][0]["outcome"], "made");
    stack.stack.stop().await;
}

#[tokio::test]
async fn a_store_that_hangs_is_left_before_the_deadline_with_a_retry() {
    let stack = TestStack::with(|options| {
        options.parameters.insert("Timeout".to_owned(), "10".to_owned());
        options.retry_delays = Some(Vec::new());
    })
    .await;
    stack.stack.s3().faults().inject(fault(
        "GetObject",
        KeyPattern::Exactly("photo.jpg".to_owned()),
        None,
        Effect::Delay(Duration::from_secs(600)),
    ));
    let mut records = stack.stack.lambda().subscribe();
    stack.upload("photo.jpg", sample("photo.jpg")).await;
    let record = records.recv().await.unwrap();
    let error = record.outcome.as_ref().expect_err("nothing may claim success");
    assert_eq!(error.kind, "Thumbline.Retry", "it stops by itself rather than being killed");
    assert!(error.document.contains("deadline"), "{}", error.document);
    stack.stack.stop().await;
}

#[tokio::test]
async fn passing_faults_at_every_operation_cost_nothing_but_time() {
    let operations = ["ListObjectsV2", "GetObject", "PutObject", "HeadObject", "DeleteObject"];
    let effects = [Effect::InternalError, Effect::SlowDown, Effect::DropConnection, Effect::Conflict];
    for operation in operations {
        join_all(effects.iter().map(|effect| a_passing_fault(operation, effect.clone()))).await;
    }
}

async fn a_passing_fault(operation: &str, effect: Effect) {
    let stack = TestStack::start().await;
    stack.upload("photo.jpg", sample("orientation-1.jpg")).await;
    stack.stack.idle().await;
    // The test's own upload is left alone.
    let key =
        if operation == "PutObject" { KeyPattern::Prefix("photo.jpg/".to_owned()) } else { KeyPattern::Any };
    let injected = stack.stack.s3().faults().inject(fault(operation, key, Some(2), effect.clone()));
    // Makes the function list, read, remove three thumbnails, write a manifest and check the source.
    stack.upload("photo.jpg", sample("truncated.jpg")).await;
    stack.stack.idle().await;
    // Once may be enough: an attempt that failed at the final check has left outputs that the next finds up to date.
    assert_ne!(stack.stack.s3().faults().hits(injected), Some(0), "{operation} {effect:?} never happened");
    assert_eq!(stack.outputs().await, ["photo.jpg/manifest.json"], "{operation} {effect:?}");
    stack.stack.stop().await;
}
