//! What is put into one bucket has its consequences in another, and in the queue when it cannot.

use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use thumbline_local::Stack;

use crate::stage::{client, copy_of, idle, options, put};

#[tokio::test]
async fn an_object_that_is_put_reaches_the_function_and_so_does_its_removal() {
    let data = TempDir::new().unwrap();
    let stack = Stack::start(options(&data)).await.unwrap();
    let s3 = client(&stack);
    for key in ["a b+c.txt", "ünï/日本 😀.txt", "x//y.txt", "100%.txt"] {
        put(&s3, &stack, key, "hello").await;
    }
    idle(&stack).await;
    for key in ["a b+c.txt", "ünï/日本 😀.txt", "x//y.txt", "100%.txt"] {
        assert_eq!(copy_of(&s3, &stack, key).await.as_deref(), Some("HELLO"), "{key}");
    }
    put(&s3, &stack, "100%.txt", "again").await;
    s3.delete_object().bucket(&stack.endpoints().input_bucket).key("x//y.txt").send().await.unwrap();
    idle(&stack).await;
    assert_eq!(copy_of(&s3, &stack, "100%.txt").await.as_deref(), Some("AGAIN"));
    assert_eq!(copy_of(&s3, &stack, "x//y.txt").await, None);
    stack.stop().await;
}

#[tokio::test]
async fn an_event_that_fails_for_good_is_in_the_failure_queue() {
    let data = TempDir::new().unwrap();
    let stack = Stack::start(options(&data)).await.unwrap();
    let s3 = client(&stack);
    let mut records = stack.lambda().subscribe();
    put(&s3, &stack, "bad one.txt", "fail").await;
    idle(&stack).await;
    // The template allows one further attempt, fewer than the options have delays for.
    assert_eq!([1, 2], [records.recv().await.unwrap().attempt, records.recv().await.unwrap().attempt]);
    let messages =
        stack.sqs().receive(&stack.endpoints().failure_queue, 10, Duration::ZERO, None).await.unwrap();
    let letter: Value = serde_json::from_str(&messages[0].body).unwrap();
    assert_eq!(letter["requestPayload"]["Records"][0]["s3"]["object"]["key"], "bad+one.txt");
    assert_eq!(letter["responsePayload"]["errorMessage"], "asked to fail");
    assert_eq!(copy_of(&s3, &stack, "bad one.txt").await, None);
}

#[tokio::test]
async fn only_what_the_filter_lets_through_is_told() {
    let data = TempDir::new().unwrap();
    let mut options = options(&data);
    options.parameters.insert("Suffix".into(), ".txt".into());
    let stack = Stack::start(options).await.unwrap();
    let s3 = client(&stack);
    put(&s3, &stack, "a.txt", "yes").await;
    put(&s3, &stack, "a.png", "no").await;
    idle(&stack).await;
    assert_eq!(copy_of(&s3, &stack, "a.txt").await.as_deref(), Some("YES"));
    assert_eq!(copy_of(&s3, &stack, "a.png").await, None);
}

#[tokio::test]
async fn what_was_put_just_before_the_end_is_dealt_with_after_the_next_start() {
    let data = TempDir::new().unwrap();
    let stack = Stack::start(options(&data)).await.unwrap();
    let s3 = client(&stack);
    // Nothing can have been delivered when S3 has only just answered, or if it has, it will be again.
    for number in 0..5 {
        put(&s3, &stack, &format!("{number}.txt"), "late").await;
    }
    stack.stop().await;
    let stack = Stack::start(options(&data)).await.unwrap();
    idle(&stack).await;
    for number in 0..5 {
        let copy = copy_of(&client(&stack), &stack, &format!("{number}.txt")).await;
        assert_eq!(copy.as_deref(), Some("LATE"), "{number}");
    }
}
