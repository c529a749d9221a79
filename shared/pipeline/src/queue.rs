//! The queue that keeps the events that failed for good, as people look at it and as it is redriven.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::{Aws, AwsError, Service};
use crate::event::{Envelope, EnvelopeError, Hint};
use crate::outcome::Processed;

/// The most messages that SQS hands out at a time.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>
pub const MAX_MESSAGES: u8 = 10;

/// A queue of Lambda's records of failed invocations.
#[derive(Clone, Debug)]
pub struct FailureQueue {
    aws: Aws,
    url: String,
}

/// A failed event.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The message's id.
    pub id: String,
    /// What removes the message.
    receipt: String,
    /// The pictures that it is about, or why it can't be read.
    pub hints: Result<Vec<Hint>, EnvelopeError>,
    /// The kind of error that the function ended with.
    pub reason: String,
    /// What the function said.
    pub message: String,
    /// When Lambda gave the event up, as RFC 3339.
    pub at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    #[serde(rename = "MessageId")]
    id: String,
    receipt_handle: String,
    body: String,
}

impl FailureQueue {
    /// The queue with this URL.
    pub fn new(aws: Aws, url: String) -> FailureQueue {
        FailureQueue { aws, url }
    }

    /// How many events wait in it. SQS calls the number approximate.
    ///
    /// # Errors
    /// [`AwsError`]
    pub async fn count(&self) -> Result<u64, AwsError> {
        let ask = json!({ "QueueUrl": self.url, "AttributeNames": ["ApproximateNumberOfMessages"] });
        let answer = self.aws.call(Service::Queue, "GetQueueAttributes", ask).await?;
        let count = answer.pointer("/Attributes/ApproximateNumberOfMessages").and_then(Value::as_str);
        Ok(count.and_then(|count| count.parse().ok()).unwrap_or_default())
    }

    /// Takes up to [`MAX_MESSAGES`] events, which nobody else is given for `hidden_seconds`; with 0 they are only looked at.
    /// Waits for the first of them for up to `wait_seconds`, of which there may be three. Without a wait SQS asks only some
    /// of its machines, so that nothing found is not yet an empty queue.
    ///
    /// # Errors
    /// [`AwsError`]
    pub async fn take(&self, hidden_seconds: u32, wait_seconds: u32) -> Result<Vec<Failure>, AwsError> {
        let ask = json!({
            "QueueUrl": self.url,
            "MaxNumberOfMessages": MAX_MESSAGES,
            "VisibilityTimeout": hidden_seconds,
            "WaitTimeSeconds": wait_seconds,
        });
        let mut answer = self.aws.call(Service::Queue, "ReceiveMessage", ask).await?;
        let messages = answer.get_mut("Messages").map(Value::take).unwrap_or_default();
        let messages: Option<Vec<Message>> = serde_json::from_value(messages).unwrap_or_default();
        Ok(messages.unwrap_or_default().into_iter().map(Failure::read).collect())
    }

    /// Removes an event that was taken.
    ///
    /// # Errors
    /// [`AwsError`]
    pub async fn remove(&self, failure: &Failure) -> Result<(), AwsError> {
        let ask = json!({ "QueueUrl": self.url, "ReceiptHandle": failure.receipt });
        self.aws.call(Service::Queue, "DeleteMessage", ask).await.map(|_| ())
    }

    /// Lets others have events that were taken. How many of them the queue did not give back at once: those come back when
    /// they have been hidden for as long as they were taken for.
    ///
    /// # Errors
    /// [`AwsError`]
    pub async fn give_back(&self, failures: &[Failure]) -> Result<usize, AwsError> {
        let mut held = 0;
        for some in failures.chunks(usize::from(MAX_MESSAGES)) {
            let entries: Vec<Value> = some
                .iter()
                .enumerate()
                .map(|(n, failure)| json!({ "Id": n.to_string(), "ReceiptHandle": failure.receipt, "VisibilityTimeout": 0 }))
                .collect();
            let ask = json!({ "QueueUrl": self.url, "Entries": entries });
            let answer = self.aws.call(Service::Queue, "ChangeMessageVisibilityBatch", ask).await?;
            held += answer.get("Failed").and_then(Value::as_array).map_or(0, Vec::len);
        }
        Ok(held)
    }
}

impl Failure {
    /// Whether nothing is left to be done for the event, given what became of its pictures: it may leave the queue. A
    /// picture that was rejected has a manifest that says so; what must be tried again, and what nobody can read, stays.
    pub fn is_settled_by(&self, processed: &[Processed]) -> bool {
        let is_settled = |hint: &Hint| processed.iter().any(|p| p.hint == *hint && !p.outcome.must_retry());
        self.hints.as_ref().is_ok_and(|hints| hints.iter().all(is_settled))
    }

    /// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
    fn read(message: Message) -> Failure {
        let record: Value = serde_json::from_str(&message.body).unwrap_or_default();
        let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let reason = text("/responsePayload/errorType").or_else(|| text("/requestContext/condition"));
        let said = text("/responsePayload/errorMessage");
        let at = text("/timestamp");
        let hints = Envelope::read(record).and_then(Envelope::into_hints);
        let unread = hints.as_ref().err().map(ToString::to_string);
        Failure {
            id: message.id,
            receipt: message.receipt_handle,
            reason: reason.unwrap_or_else(|| "unknown".to_owned()),
            message: said.or(unread).unwrap_or_default(),
            at,
            hints,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Effort, Outcome, Retry};

    fn failure(body: &str) -> Failure {
        let message = Message { id: "m".into(), receipt_handle: "r".into(), body: body.into() };
        Failure::read(message)
    }

    #[test]
    fn a_record_of_lambda_tells_the_picture_the_reason_and_the_time() {
        let record = include_str!("../../../samples/events/failure-record.json");
        let read = failure(record);
        assert_eq!(read.hints.unwrap().len(), 1);
        assert!(!read.reason.is_empty() && !read.message.is_empty() && read.at.is_some());
    }

    #[test]
    fn an_event_is_settled_when_each_of_its_pictures_has_an_outcome_that_is_final() {
        let read = failure(include_str!("../../../samples/events/failure-record.json"));
        let hint = read.hints.clone().unwrap().remove(0);
        let processed = |outcome| Processed { hint: hint.clone(), outcome, effort: Effort::default() };
        assert!(read.is_settled_by(&[processed(Outcome::Removed)]));
        assert!(!read.is_settled_by(&[processed(Outcome::Retry(Retry::deadline()))]));
        assert!(!read.is_settled_by(&[]), "nobody has looked at its picture");
        assert!(failure(r#"{"Event":"s3:TestEvent"}"#).is_settled_by(&[]), "it is about no picture");
        assert!(!failure("hello").is_settled_by(&[]));
    }

    #[test]
    fn a_message_that_is_no_record_is_kept_and_says_so() {
        let read = failure("hello");
        assert!(read.hints.is_err());
        assert!(read.message.contains("unknown event"), "{}", read.message);
    }
}
