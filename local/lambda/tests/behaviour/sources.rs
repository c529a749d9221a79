//! Queues that feed functions.

use serde_json::Value;
use thumbline_local_lambda::{EventSource, NewMessage, QueueConfig, QueueCounts, Redrive};

use crate::stage::{Plan, Stage, account};

async fn start(change: impl FnOnce(&mut EventSource)) -> Stage {
    let mut plan = Plan::new();
    plan.queues.push(QueueConfig::new("jobs"));
    let mut source = EventSource::new("arn:aws:sqs:us-east-1:000000000000:jobs", "obedient");
    change(&mut source);
    plan.sources.push(source);
    plan.start().await
}

#[tokio::test]
async fn messages_reach_the_function_in_lambdas_form_and_are_deleted() {
    let mut stage = start(|_| ()).await;
    let sent = stage.queues.send("jobs", NewMessage::text("work")).await.unwrap();
    let record = stage.record().await;
    let event: Value = serde_json::from_slice(&record.payload).unwrap();
    let message = &event["Records"][0];
    assert_eq!(message["messageId"], sent.message_id);
    assert_eq!(message["body"], "work");
    assert_eq!(message["md5OfBody"], sent.md5_of_body);
    assert_eq!(message["eventSource"], "aws:sqs");
    assert_eq!(message["eventSourceARN"], "arn:aws:sqs:us-east-1:000000000000:jobs");
    assert_eq!(message["attributes"]["ApproximateReceiveCount"], "1");
    stage.idle().await;
    assert_eq!(stage.queues.counts("jobs").unwrap().total(), 0);
}

#[tokio::test]
async fn a_source_that_is_not_enabled_takes_nothing() {
    let stage = start(|source| source.enabled = false).await;
    stage.queues.send("jobs", NewMessage::text("work")).await.unwrap();
    stage.idle().await;
    assert_eq!(stage.queues.counts("jobs").unwrap().visible, 1);
}

#[tokio::test]
async fn only_the_messages_that_the_function_names_come_back() {
    let mut stage = start(|source| source.report_batch_item_failures = true).await;
    stage.queues.send("jobs", NewMessage::text("fail")).await.unwrap();
    stage.queues.send("jobs", NewMessage::text("work")).await.unwrap();
    // Whether they came in one batch or in two, one is left.
    let mut seen = 0;
    while seen < 2 {
        let record = stage.record().await;
        let event: Value = serde_json::from_slice(&record.payload).unwrap();
        seen += event["Records"].as_array().unwrap().len();
    }
    assert_eq!(stage.queues.counts("jobs").unwrap(), QueueCounts { in_flight: 1, ..QueueCounts::default() });
}

#[tokio::test]
async fn a_batch_that_fails_comes_back_until_it_is_taken_away() {
    let mut plan = Plan::new();
    let mut jobs = QueueConfig::new("jobs");
    jobs.visibility_timeout_seconds = 0;
    jobs.redrive =
        Some(Redrive { dead_letter_target_arn: account().queue_arn("failures"), max_receive_count: 3 });
    plan.queues.push(jobs);
    plan.sources.push(EventSource::new("jobs", "obedient"));
    let mut stage = plan.start().await;
    stage.queues.send("jobs", NewMessage::text("fail all")).await.unwrap();
    for _ in 0..3 {
        let record = stage.record().await;
        assert!(record.outcome.is_err() && record.will_retry);
    }
    stage.idle().await;
    assert_eq!(stage.queues.counts("failures").unwrap().visible, 1);
}
