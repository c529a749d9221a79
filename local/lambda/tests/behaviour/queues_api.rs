//! SQS over HTTP: the JSON protocol, with requests that AWS's own signer has signed.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use thumbline_local_lambda::Sqs;

use crate::signing::{Answer, Signer};
use crate::stage::{Plan, Stage};

const URL: &str = "http://127.0.0.1:4570/000000000000/failures";

fn request(operation: &str, body: &Value) -> Request<Bytes> {
    Request::post("/")
        .header("x-amz-target", format!("AmazonSQS.{operation}"))
        .header("content-type", "application/x-amz-json-1.0")
        .body(Bytes::from(body.to_string()))
        .unwrap()
}

async fn ask(stage: &Stage, operation: &str, body: Value) -> Answer {
    let request = request(operation, &body);
    assert!(Sqs::claims(&request));
    Answer::read(stage.queues.handle(Signer::new("sqs").sign(request)).await).await
}

async fn ok(stage: &Stage, operation: &str, body: Value) -> Value {
    let answer = ask(stage, operation, body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn a_message_is_sent_received_and_deleted() {
    let stage = Plan::new().start().await;
    let url = ok(&stage, "GetQueueUrl", json!({ "QueueName": "failures" })).await;
    assert_eq!(url["QueueUrl"], URL);
    let attributes = json!({ "kind": { "DataType": "String", "StringValue": "test" } });
    let message = json!({ "QueueUrl": URL, "MessageBody": "ünï", "MessageAttributes": attributes });
    let sent = ok(&stage, "SendMessage", message).await;
    assert_eq!(sent["MD5OfMessageBody"], "3241a66fd412a38b61bb6f5a732e1a29");
    let received = ok(
        &stage,
        "ReceiveMessage",
        json!({
            "QueueUrl": URL, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1,
            "AttributeNames": ["ApproximateReceiveCount"], "MessageAttributeNames": ["All"],
        }),
    )
    .await;
    let message = &received["Messages"][0];
    assert_eq!(message["MessageId"], sent["MessageId"]);
    assert_eq!(message["Body"], "ünï");
    assert_eq!(message["Attributes"], json!({ "ApproximateReceiveCount": "1" }));
    assert_eq!(message["MessageAttributes"], attributes);
    assert_eq!(message["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"]);
    let handle = &message["ReceiptHandle"];
    ok(&stage, "DeleteMessage", json!({ "QueueUrl": URL, "ReceiptHandle": handle })).await;
    assert_eq!(ok(&stage, "ReceiveMessage", json!({ "QueueUrl": URL })).await, json!({}));
}

#[tokio::test]
async fn batches_say_of_each_entry_what_became_of_it() {
    let stage = Plan::new().start().await;
    let entries = json!([{ "Id": "a", "MessageBody": "one" }, { "Id": "b", "MessageBody": "\u{1}" }]);
    let sent = ok(&stage, "SendMessageBatch", json!({ "QueueUrl": URL, "Entries": entries })).await;
    assert_eq!(sent["Successful"][0]["Id"], "a");
    assert_eq!(sent["Failed"][0]["Id"], "b");
    assert_eq!(sent["Failed"][0]["Code"], "InvalidMessageContents");
    let received = ok(&stage, "ReceiveMessage", json!({ "QueueUrl": URL })).await;
    let handle = &received["Messages"][0]["ReceiptHandle"];
    let entries = json!([{ "Id": "x", "ReceiptHandle": handle, "VisibilityTimeout": 0 }]);
    let changed =
        ok(&stage, "ChangeMessageVisibilityBatch", json!({ "QueueUrl": URL, "Entries": entries })).await;
    assert_eq!(changed["Successful"][0]["Id"], "x");
    let received = ok(&stage, "ReceiveMessage", json!({ "QueueUrl": URL })).await;
    let handle = &received["Messages"][0]["ReceiptHandle"];
    let entries = json!([{ "Id": "x", "ReceiptHandle": handle }, { "Id": "y", "ReceiptHandle": "?" }]);
    let deleted = ok(&stage, "DeleteMessageBatch", json!({ "QueueUrl": URL, "Entries": entries })).await;
    assert_eq!(deleted["Successful"][0]["Id"], "x");
    assert_eq!(deleted["Failed"][0]["Code"], "ReceiptHandleIsInvalid");
}

#[tokio::test]
async fn a_queue_can_be_made_listed_described_and_emptied() {
    let stage = Plan::new().start().await;
    let create = json!({ "QueueName": "jobs", "Attributes": { "VisibilityTimeout": "60" } });
    let url = ok(&stage, "CreateQueue", create.clone()).await["QueueUrl"].clone();
    assert_eq!(ok(&stage, "CreateQueue", create).await["QueueUrl"], url, "the same again is no mistake");
    let listed = ok(&stage, "ListQueues", json!({ "QueueNamePrefix": "j" })).await;
    assert_eq!(listed, json!({ "QueueUrls": [url] }));
    ok(&stage, "SendMessage", json!({ "QueueUrl": url, "MessageBody": "x" })).await;
    ok(&stage, "SendMessage", json!({ "QueueUrl": url, "MessageBody": "y" })).await;
    ok(&stage, "ReceiveMessage", json!({ "QueueUrl": url })).await;
    let names = json!(["All"]);
    let described =
        ok(&stage, "GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": names })).await;
    let attributes = &described["Attributes"];
    assert_eq!(attributes["QueueArn"], "arn:aws:sqs:us-east-1:000000000000:jobs");
    assert_eq!(attributes["ApproximateNumberOfMessages"], "1");
    assert_eq!(attributes["ApproximateNumberOfMessagesNotVisible"], "1");
    assert_eq!(attributes["VisibilityTimeout"], "60");
    ok(&stage, "PurgeQueue", json!({ "QueueUrl": url })).await;
    assert_eq!(stage.queues.counts("jobs").unwrap().total(), 0);
}

#[tokio::test]
async fn what_is_wrong_is_said_in_both_protocols_words() {
    let stage = Plan::new().start().await;
    let nobody = "http://127.0.0.1:4570/000000000000/nobody";
    for (operation, body, shape, code) in [
        (
            "GetQueueUrl",
            json!({ "QueueName": "nobody" }),
            "com.amazonaws.sqs#QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue;Sender",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": nobody, "MessageBody": "x" }),
            "com.amazonaws.sqs#QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue;Sender",
        ),
        (
            "DeleteMessage",
            json!({ "QueueUrl": URL, "ReceiptHandle": "?" }),
            "com.amazonaws.sqs#ReceiptHandleIsInvalid",
            "ReceiptHandleIsInvalid;Sender",
        ),
        (
            "ReceiveMessage",
            json!({ "QueueUrl": URL, "MaxNumberOfMessages": 11 }),
            "com.amazon.coral.service#InvalidParameterValueException",
            "InvalidParameterValue;Sender",
        ),
        (
            "SendMessageBatch",
            json!({ "QueueUrl": URL, "Entries": [] }),
            "com.amazonaws.sqs#EmptyBatchRequest",
            "AWS.SimpleQueueService.EmptyBatchRequest;Sender",
        ),
        (
            "AddPermission",
            json!({ "QueueUrl": URL }),
            "com.amazon.coral.service#UnknownOperationException",
            "InvalidAction;Sender",
        ),
    ] {
        let answer = ask(&stage, operation, body).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert_eq!(answer.json()["__type"], shape);
        assert_eq!(answer.header("x-amzn-query-error"), code);
    }
    let unsigned = stage.queues.handle(request("ListQueues", &json!({}))).await;
    assert_eq!(unsigned.status(), 403);
}
