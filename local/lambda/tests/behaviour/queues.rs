//! Queues, called directly.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redb::Database;
use tempfile::TempDir;
use thumbline_local_lambda::{NewMessage, QueueConfig, QueueCounts, ReceivedMessage, Redrive, Sqs, SqsError};

use crate::stage::{account, soon};

const NOW: Duration = Duration::ZERO;

async fn open(folder: &TempDir, queues: Vec<QueueConfig>) -> Sqs {
    let database = Database::create(folder.path().join("index.redb")).unwrap();
    Sqs::open(Arc::new(database), account(), queues).await.unwrap()
}

async fn receive(queues: &Sqs, visibility: Option<Duration>) -> Vec<ReceivedMessage> {
    queues.receive("jobs", 10, NOW, visibility).await.unwrap()
}

#[tokio::test]
async fn a_received_message_is_invisible_until_its_time_is_over_and_counts_its_receipts() {
    let folder = TempDir::new().unwrap();
    let queues = open(&folder, vec![QueueConfig::new("jobs")]).await;
    queues.send("jobs", NewMessage::text("work")).await.unwrap();
    let first = receive(&queues, Some(Duration::from_secs(3600))).await;
    assert_eq!((first[0].body.as_str(), first[0].receive_count), ("work", 1));
    assert_eq!(receive(&queues, None).await, []);
    assert_eq!(queues.counts("jobs").unwrap(), QueueCounts { in_flight: 1, ..QueueCounts::default() });
    // Waiting for a message ends when one becomes visible again.
    let soon_again = Duration::from_millis(100);
    queues.change_visibility("jobs", &first[0].receipt_handle, soon_again).await.unwrap();
    let second = soon("the message", queues.receive("jobs", 1, Duration::from_secs(20), None)).await.unwrap();
    assert_eq!((second[0].message_id.clone(), second[0].receive_count), (first[0].message_id.clone(), 2));

    queues.delete("jobs", &first[0].receipt_handle).await.unwrap();
    assert_eq!(queues.counts("jobs").unwrap().total(), 1, "an earlier receipt deletes nothing");
    queues.delete("jobs", &second[0].receipt_handle).await.unwrap();
    assert_eq!(queues.counts("jobs").unwrap().total(), 0);
    queues.delete("jobs", &second[0].receipt_handle).await.unwrap();
}

#[tokio::test]
async fn a_long_poll_ends_when_a_message_is_sent_or_the_time_is_over() {
    let folder = TempDir::new().unwrap();
    let queues = open(&folder, vec![QueueConfig::new("jobs")]).await;
    let started = Instant::now();
    assert_eq!(queues.receive("jobs", 1, Duration::from_millis(200), None).await.unwrap(), []);
    assert!(started.elapsed() >= Duration::from_millis(200));
    let waiting = queues.clone();
    let waiting =
        tokio::spawn(async move { waiting.receive("jobs", 1, Duration::from_secs(20), None).await });
    queues.send("jobs", NewMessage::text("work")).await.unwrap();
    assert_eq!(soon("the message", waiting).await.unwrap().unwrap()[0].body, "work");
}

#[tokio::test]
async fn two_receivers_never_get_the_same_message() {
    let folder = TempDir::new().unwrap();
    let queues = open(&folder, vec![QueueConfig::new("jobs")]).await;
    for number in 0..20 {
        queues.send("jobs", NewMessage::text(number.to_string())).await.unwrap();
    }
    let mut receivers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let queues = queues.clone();
        receivers.spawn(async move { queues.receive("jobs", 5, NOW, None).await.unwrap() });
    }
    let received = receivers.join_all().await.concat();
    let mut bodies: Vec<u32> = received.iter().map(|message| message.body.parse().unwrap()).collect();
    bodies.sort_unstable();
    assert_eq!(bodies, (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn visibility_can_be_changed_and_a_delay_kept() {
    let folder = TempDir::new().unwrap();
    let queues = open(&folder, vec![QueueConfig::new("jobs")]).await;
    queues.send("jobs", NewMessage { delay_seconds: Some(900), ..NewMessage::text("later") }).await.unwrap();
    queues.send("jobs", NewMessage::text("work")).await.unwrap();
    let received = receive(&queues, None).await;
    assert_eq!(received.len(), 1);
    assert_eq!(queues.counts("jobs").unwrap(), QueueCounts { visible: 0, in_flight: 1, delayed: 1 });
    queues.change_visibility("jobs", &received[0].receipt_handle, NOW).await.unwrap();
    assert_eq!(receive(&queues, None).await[0].body, "work");
    queues.purge("jobs").await.unwrap();
    assert_eq!(queues.counts("jobs").unwrap().total(), 0);
}

#[tokio::test]
async fn a_message_received_too_often_goes_to_the_dead_letter_queue() {
    let folder = TempDir::new().unwrap();
    let mut jobs = QueueConfig::new("jobs");
    jobs.redrive =
        Some(Redrive { dead_letter_target_arn: account().queue_arn("dead"), max_receive_count: 2 });
    let queues = open(&folder, vec![jobs, QueueConfig::new("dead")]).await;
    let sent = queues.send("jobs", NewMessage::text("poison")).await.unwrap();
    for _ in 0..2 {
        let received = receive(&queues, None).await;
        queues.change_visibility("jobs", &received[0].receipt_handle, NOW).await.unwrap();
    }
    assert_eq!(receive(&queues, None).await, []);
    let dead = queues.receive("dead", 1, NOW, None).await.unwrap();
    assert_eq!((dead[0].message_id.as_str(), dead[0].body.as_str()), (sent.message_id.as_str(), "poison"));
}

#[tokio::test]
async fn a_queue_whose_dead_letter_queue_is_not_there_is_refused() {
    let folder = TempDir::new().unwrap();
    for target in ["dead", "jobs"] {
        let mut jobs = QueueConfig::new("jobs");
        jobs.redrive =
            Some(Redrive { dead_letter_target_arn: account().queue_arn(target), max_receive_count: 1 });
        let database = Database::create(folder.path().join(target)).unwrap();
        let error = Sqs::open(Arc::new(database), account(), vec![jobs]).await.unwrap_err();
        assert!(error.to_string().contains(target), "{error}");
    }
}

#[tokio::test]
async fn messages_survive_a_restart() {
    let folder = TempDir::new().unwrap();
    let queues = open(&folder, vec![QueueConfig::new("jobs")]).await;
    queues.send("jobs", NewMessage::text("work")).await.unwrap();
    drop(queues);
    let mut changed = QueueConfig::new("jobs");
    changed.visibility_timeout_seconds = 5;
    let queues = open(&folder, vec![changed]).await;
    assert_eq!(queues.queue("jobs").unwrap().visibility_timeout_seconds, 5);
    assert_eq!(receive(&queues, None).await[0].body, "work");
}

#[tokio::test]
async fn queues_do_not_see_each_others_messages_even_if_one_name_begins_with_the_other() {
    let folder = TempDir::new().unwrap();
    let queues = open(&folder, vec![QueueConfig::new("jobs"), QueueConfig::new("jobs-failed")]).await;
    queues.send("jobs-failed", NewMessage::text("other")).await.unwrap();
    assert_eq!(receive(&queues, None).await, []);
    queues.purge("jobs").await.unwrap();
    assert_eq!(queues.counts("jobs-failed").unwrap().visible, 1);
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_missing() {
    let folder = TempDir::new().unwrap();
    let queues = open(&folder, vec![QueueConfig::new("jobs")]).await;
    let sent = queues.send("nobody", NewMessage::text("x")).await;
    assert!(matches!(sent, Err(SqsError::QueueDoesNotExist)));
    let deleted = queues.delete("jobs", "nonsense").await;
    assert!(matches!(deleted, Err(SqsError::ReceiptHandleIsInvalid(_))));
    let mut other = QueueConfig::new("jobs");
    other.delay_seconds = 5;
    assert!(matches!(queues.create(other).await, Err(SqsError::QueueNameExists)));
    queues.create(QueueConfig::new("jobs")).await.unwrap();
}
