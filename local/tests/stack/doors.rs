//! One address, three services: each request reaches the one that it is for, which can be told by how it refuses.

use tempfile::TempDir;
use thumbline_local::Stack;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::stage::options;

/// Sends a request with these lines and returns the answer as text.
async fn ask(stack: &Stack, lines: &[&str], body: &str) -> String {
    let address = stack.endpoints().s3.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let length = body.len();
    let head = format!(
        "{}\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n",
        lines.join("\r\n")
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn each_request_reaches_its_service() {
    let data = TempDir::new().unwrap();
    let stack = Stack::start(options(&data)).await.unwrap();
    let lambda = ask(&stack, &["POST /2015-03-31/functions/thumbline-copy/invocations HTTP/1.1"], "{}").await;
    assert!(lambda.contains("x-amzn-errortype: MissingAuthenticationTokenException"), "{lambda}");
    let sqs = ask(&stack, &["POST / HTTP/1.1", "x-amz-target: AmazonSQS.ListQueues"], "{}").await;
    assert!(sqs.contains("x-amzn-query-error: MissingAuthenticationTokenException;Sender"), "{sqs}");
    let bucket = stack.endpoints().input_bucket.clone();
    let s3 = ask(&stack, &[&format!("GET /{bucket}/a.txt HTTP/1.1")], "").await;
    assert!(s3.starts_with("HTTP/1.1 403") && s3.contains("<Code>AccessDenied</Code>"), "{s3}");
    for answer in [lambda, sqs] {
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_no_service_takes_is_refused_after_it_was_read() {
    let data = TempDir::new().unwrap();
    let stack = Stack::start(options(&data)).await.unwrap();
    let body = "x".repeat(9 * 1024 * 1024);
    let answer = ask(&stack, &["POST / HTTP/1.1", "x-amz-target: AmazonSQS.SendMessage"], &body).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_connection_that_waits_does_not_keep_the_stack_from_stopping() {
    let data = TempDir::new().unwrap();
    let stack = Stack::start(options(&data)).await.unwrap();
    let address = stack.endpoints().s3.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    // The head of a request whose body never comes.
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nx-amz-target: AmazonSQS.X\r\ncontent-length: 9\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stack.stop().await;
    // The folder is free again at once, which it is not while anything holds the database.
    Stack::start(options(&data)).await.unwrap();
    drop(stream);
}
