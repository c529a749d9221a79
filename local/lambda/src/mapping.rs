//! Event source mappings: messages of a queue, in batches, to a function.
//!
//! As on Lambda, a batch that succeeds is deleted from the queue, and one that fails is not touched: its messages come
//! back after their visibility timeout, until the queue's redrive policy takes them away. A function may name the
//! messages that failed (`ReportBatchItemFailures`); facts are from "Using Lambda with Amazon SQS" in the Lambda
//! developer guide. Batches are not collected over a window: what is visible goes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::account::queue_name;
use crate::fleet::{Fleet, Slot};
use crate::invocation::{Invocation, InvocationRecord};
use crate::service::Service;
use crate::sqs::{MessageAttribute, ReceivedMessage, SqsError};

/// The wait after the queue could not be read.
const PAUSE: Duration = Duration::from_secs(1);

/// A queue that feeds a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSource {
    /// The queue, by name or ARN.
    pub queue: String,
    /// The function's name.
    pub function: String,
    /// The most messages of one invocation.
    pub batch_size: usize,
    /// Whether the function's answer names the messages that failed.
    pub report_batch_item_failures: bool,
    /// Whether it runs.
    pub enabled: bool,
}

impl EventSource {
    /// A mapping with Lambda's defaults: ten messages, whole batches, enabled.
    pub fn new(queue: impl Into<String>, function: impl Into<String>) -> Self {
        Self {
            queue: queue.into(),
            function: function.into(),
            batch_size: 10,
            report_batch_item_failures: false,
            enabled: true,
        }
    }
}

/// Feeds the function until the fleet is stopped.
pub(crate) async fn poll(service: Arc<Service>, fleet: Arc<Fleet>, source: EventSource) {
    let source = Arc::new(source);
    // Lambda's pollers keep looking how full a queue is. These are woken, but what they may do is asked of a role all the
    // same.
    service.queues.actions().add("GetQueueAttributes", queue_name(&source.queue));
    let mut batches = JoinSet::new();
    loop {
        // Never cancelled in the middle: a message that was taken and then forgotten would count as received.
        let next = next_batch(&service, &fleet, &source).await;
        while batches.try_join_next().is_some() {}
        match next {
            Ok(Some((_, messages))) if messages.is_empty() => {}
            Ok(Some((slot, messages))) => {
                let (service, fleet, source) = (service.clone(), fleet.clone(), source.clone());
                batches.spawn(async move { run_batch(&service, &fleet, &source, slot, messages).await });
            }
            Ok(None) => return,
            Err(error) => {
                tracing::error!(queue = source.queue, %error, "cannot read an event source; trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// A place to run in and the messages to run with; `None` when the fleet is stopped.
async fn next_batch(
    service: &Service,
    fleet: &Fleet,
    source: &EventSource,
) -> Result<Option<(Slot, Vec<ReceivedMessage>)>, SqsError> {
    // First a message, then an environment, and only then is the message taken: one that is held while every
    // environment is busy would become visible again before its turn.
    service.queues.wait_visible(&source.queue, None).await?;
    let Some(slot) = fleet.reserve().await else { return Ok(None) };
    let messages = service.queues.receive(&source.queue, source.batch_size, Duration::ZERO, None).await?;
    Ok(Some((slot, messages)))
}

async fn run_batch(
    service: &Service,
    fleet: &Fleet,
    source: &EventSource,
    slot: Slot,
    messages: Vec<ReceivedMessage>,
) {
    let _busy = service.activity.begin();
    let account = &service.surroundings.account;
    let arn = account.queue_arn(queue_name(&source.queue));
    let payload = match serde_json::to_vec(&SqsEvent::new(&messages, &arn, &account.region, &account.id)) {
        Ok(payload) => Bytes::from(payload),
        Err(error) => {
            tracing::error!(%error, "cannot describe messages; they come back after their visibility timeout");
            return;
        }
    };
    let invocation = Invocation::new(payload);
    let finished = fleet.run(slot, &invocation).await;
    let failures = match &finished.outcome {
        Err(_) => Failures::All,
        Ok(_) if !source.report_batch_item_failures => Failures::These(BTreeSet::new()),
        Ok(response) => Failures::of(response, &messages),
    };
    let retried = failures.any();
    for message in messages.iter().filter(|message| !failures.contain(&message.message_id)) {
        if let Err(error) = service.queues.delete(&source.queue, &message.receipt_handle).await {
            tracing::error!(%error, message_id = message.message_id, "a message that was dealt with will come again");
        }
    }
    service.publish(InvocationRecord::new(&fleet.function.name, &invocation, 1, &finished, retried));
}

/// The messages of a batch that come back.
#[derive(Debug, PartialEq, Eq)]
enum Failures {
    All,
    These(BTreeSet<String>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchResponse {
    #[serde(default)]
    batch_item_failures: Option<Vec<ItemFailure>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    #[serde(default)]
    item_identifier: Option<String>,
}

impl Failures {
    /// Reads a function's answer. Nothing in the list, no list or no answer mean that all succeeded; a list with an
    /// identifier that is empty or not of this batch, or an answer of another form, that all failed.
    fn of(response: &[u8], messages: &[ReceivedMessage]) -> Self {
        if response.is_empty() {
            return Self::These(BTreeSet::new());
        }
        let Ok(response) = serde_json::from_slice::<Option<BatchResponse>>(response) else {
            return Self::All;
        };
        let failures = response.and_then(|response| response.batch_item_failures).unwrap_or_default();
        let known = |id: &String| messages.iter().any(|message| message.message_id == *id);
        let ids: Option<BTreeSet<_>> =
            failures.into_iter().map(|failure| failure.item_identifier.filter(known)).collect();
        ids.map_or(Self::All, Self::These)
    }

    fn any(&self) -> bool {
        !matches!(self, Self::These(ids) if ids.is_empty())
    }

    fn contain(&self, message_id: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(ids) => ids.contains(message_id),
        }
    }
}

#[derive(Serialize)]
struct SqsEvent<'a> {
    #[serde(rename = "Records")]
    records: Vec<Record<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    message_id: &'a str,
    receipt_handle: &'a str,
    body: &'a str,
    attributes: SystemAttributes<'a>,
    message_attributes: BTreeMap<&'a str, Attribute<'a>>,
    md5_of_body: String,
    event_source: &'a str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
    aws_region: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SystemAttributes<'a> {
    approximate_receive_count: String,
    sent_timestamp: String,
    sender_id: &'a str,
    approximate_first_receive_timestamp: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attribute<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<&'a str>,
    string_list_values: [(); 0],
    binary_list_values: [(); 0],
    data_type: &'a str,
}

impl<'a> Attribute<'a> {
    fn new(attribute: &'a MessageAttribute) -> Self {
        Self {
            string_value: attribute.string_value.as_deref(),
            binary_value: attribute.binary_value.as_deref(),
            string_list_values: [],
            binary_list_values: [],
            data_type: &attribute.data_type,
        }
    }
}

impl<'a> SqsEvent<'a> {
    fn new(messages: &'a [ReceivedMessage], queue_arn: &'a str, region: &'a str, account: &'a str) -> Self {
        let records = messages
            .iter()
            .map(|message| Record {
                message_id: &message.message_id,
                receipt_handle: &message.receipt_handle,
                body: &message.body,
                attributes: SystemAttributes {
                    approximate_receive_count: message.receive_count.to_string(),
                    sent_timestamp: message.sent_ms.to_string(),
                    sender_id: account,
                    approximate_first_receive_timestamp: message.first_received_ms.to_string(),
                },
                message_attributes: message
                    .attributes
                    .iter()
                    .map(|(name, attribute)| (name.as_str(), Attribute::new(attribute)))
                    .collect(),
                md5_of_body: crate::sqs::md5_hex(message.body.as_bytes()),
                event_source: "aws:sqs",
                event_source_arn: queue_arn,
                aws_region: region,
            })
            .collect();
        Self { records }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str) -> ReceivedMessage {
        ReceivedMessage {
            message_id: id.into(),
            receipt_handle: "handle".into(),
            body: "text".into(),
            attributes: BTreeMap::new(),
            sent_ms: 1,
            first_received_ms: 2,
            receive_count: 1,
        }
    }

    #[test]
    fn an_answer_names_the_messages_that_failed_and_nonsense_means_all() {
        let messages = [message("a"), message("b")];
        let of = |response: &str| Failures::of(response.as_bytes(), &messages);
        let none = Failures::These(BTreeSet::new());
        for success in ["", "null", "{}", r#"{"batchItemFailures":[]}"#, r#"{"batchItemFailures":null}"#] {
            assert_eq!(of(success), none, "{success}");
        }
        let one = of(r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#);
        assert!(one.contain("b") && !one.contain("a"));
        for failure in [
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"c"}]}"#,
            r#"{"batchItemFailures":[{}]}"#,
            r#"{"batchItemFailures":"b"}"#,
            "text",
        ] {
            assert_eq!(of(failure), Failures::All, "{failure}");
        }
    }
}
