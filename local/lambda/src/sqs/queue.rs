//! What a queue is: its attributes, with the names, defaults and limits of the SQS API reference.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SqsError;
use crate::account::{Account, queue_name};

/// The largest message, and the largest batch, in bytes: 1 MiB since August 2025.
pub(crate) const MAX_MESSAGE_BYTES: usize = 1_048_576;

/// A queue's attributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueConfig {
    /// Up to 80 letters, digits, `-` and `_`.
    pub name: String,
    /// For how long a received message stays invisible, in seconds.
    pub visibility_timeout_seconds: u32,
    /// For how long a sent message stays invisible, in seconds.
    pub delay_seconds: u32,
    /// After how long a message is dropped, in seconds.
    pub retention_seconds: u32,
    /// For how long receiving waits if the request does not say, in seconds.
    pub receive_wait_seconds: u32,
    /// The largest message, in bytes.
    pub max_message_bytes: usize,
    /// What happens to messages that were received too often.
    pub redrive: Option<Redrive>,
}

/// A dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// The queue that receives what was received too often, by ARN.
    pub dead_letter_target_arn: String,
    /// A message goes there when it would be received once more than this.
    pub max_receive_count: u32,
}

/// How many messages a queue holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// Ready to be received.
    pub visible: u64,
    /// Received and neither deleted nor visible again.
    pub in_flight: u64,
    /// Sent with a delay that is not over.
    pub delayed: u64,
}

impl QueueCounts {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.visible + self.in_flight + self.delayed
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedrivePolicy {
    dead_letter_target_arn: String,
    /// A number, which many templates write as text.
    max_receive_count: serde_json::Value,
}

impl QueueConfig {
    /// A queue with SQS's defaults.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            visibility_timeout_seconds: 30,
            delay_seconds: 0,
            retention_seconds: 345_600,
            receive_wait_seconds: 0,
            max_message_bytes: MAX_MESSAGE_BYTES,
            redrive: None,
        }
    }

    /// Sets an attribute by SQS's name. Attributes that change nothing on one machine (encryption, policies, tags) are
    /// accepted and ignored.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SqsError> {
        match name {
            "VisibilityTimeout" => self.visibility_timeout_seconds = number(name, value, 0, 43_200)?,
            "DelaySeconds" => self.delay_seconds = number(name, value, 0, 900)?,
            "MessageRetentionPeriod" => self.retention_seconds = number(name, value, 60, 1_209_600)?,
            "ReceiveMessageWaitTimeSeconds" => self.receive_wait_seconds = number(name, value, 0, 20)?,
            "MaximumMessageSize" => {
                let max = u32::try_from(MAX_MESSAGE_BYTES).unwrap_or(u32::MAX);
                self.max_message_bytes = number(name, value, 1024, max)?.try_into().unwrap_or(usize::MAX);
            }
            "RedrivePolicy" => self.redrive = redrive(value)?,
            "Policy"
            | "RedriveAllowPolicy"
            | "KmsMasterKeyId"
            | "KmsDataKeyReusePeriodSeconds"
            | "SqsManagedSseEnabled" => {}
            "FifoQueue" if value == "false" => {}
            other => return Err(SqsError::InvalidAttributeName(other.to_owned())),
        }
        Ok(())
    }

    /// Refuses what cannot be a queue.
    pub(crate) fn check(&self) -> Result<(), SqsError> {
        // SQS knows FIFO queues by exactly this ending.
        if self.name.strip_suffix(".fifo").is_some() {
            let message = format!("{}: FIFO queues are not supported by the local stack", self.name);
            return Err(SqsError::InvalidParameterValue(message));
        }
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if self.name.is_empty() || self.name.len() > 80 || !self.name.bytes().all(legal) {
            let message =
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
            return Err(SqsError::InvalidParameterValue(message.to_owned()));
        }
        Ok(())
    }

    /// The queue's attributes as `GetQueueAttributes` names them.
    pub(crate) fn attributes(
        &self,
        account: &Account,
        counts: QueueCounts,
    ) -> BTreeMap<&'static str, String> {
        let mut attributes = BTreeMap::from([
            ("ApproximateNumberOfMessages", counts.visible.to_string()),
            ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
            ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
            ("DelaySeconds", self.delay_seconds.to_string()),
            ("MaximumMessageSize", self.max_message_bytes.to_string()),
            ("MessageRetentionPeriod", self.retention_seconds.to_string()),
            ("QueueArn", account.queue_arn(&self.name)),
            ("ReceiveMessageWaitTimeSeconds", self.receive_wait_seconds.to_string()),
            ("SqsManagedSseEnabled", "false".to_owned()),
            ("VisibilityTimeout", self.visibility_timeout_seconds.to_string()),
        ]);
        if let Some(redrive) = &self.redrive {
            let policy = RedrivePolicy {
                dead_letter_target_arn: redrive.dead_letter_target_arn.clone(),
                max_receive_count: redrive.max_receive_count.into(),
            };
            attributes.insert("RedrivePolicy", serde_json::to_string(&policy).unwrap_or_default());
        }
        attributes
    }
}

impl Redrive {
    /// The name of the dead-letter queue.
    pub(crate) fn queue(&self) -> &str {
        queue_name(&self.dead_letter_target_arn)
    }
}

fn number(name: &str, value: &str, min: u32, max: u32) -> Result<u32, SqsError> {
    value.parse().ok().filter(|number| (min..=max).contains(number)).ok_or_else(|| {
        let message = format!(
            "Invalid value for the parameter {name}. Reason: {value} is not a whole number from {min} to {max}."
        );
        SqsError::InvalidParameterValue(message)
    })
}

fn redrive(value: &str) -> Result<Option<Redrive>, SqsError> {
    if value.is_empty() {
        return Ok(None);
    }
    let invalid = |reason: String| {
        SqsError::InvalidParameterValue(format!(
            "Value {value} for parameter RedrivePolicy is invalid. Reason: {reason}."
        ))
    };
    let policy: RedrivePolicy = serde_json::from_str(value).map_err(|error| invalid(error.to_string()))?;
    let count = match &policy.max_receive_count {
        serde_json::Value::String(text) => text.parse().ok(),
        other => other.as_u64().and_then(|count| u32::try_from(count).ok()),
    };
    let max_receive_count = count
        .filter(|count| (1..=1000).contains(count))
        .ok_or_else(|| invalid("maxReceiveCount is not a whole number from 1 to 1000".into()))?;
    Ok(Some(Redrive { dead_letter_target_arn: policy.dead_letter_target_arn, max_receive_count }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_set_by_name_within_their_limits() {
        let mut queue = QueueConfig::new("jobs");
        queue.set("VisibilityTimeout", "360").unwrap();
        let policy =
            r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"3"}"#;
        queue.set("RedrivePolicy", policy).unwrap();
        assert_eq!(queue.visibility_timeout_seconds, 360);
        let redrive = queue.redrive.as_ref().unwrap();
        assert_eq!((redrive.queue(), redrive.max_receive_count), ("dead", 3));
        for (name, value) in [
            ("VisibilityTimeout", "43201"),
            ("DelaySeconds", "-1"),
            ("RedrivePolicy", "{}"),
            ("Colour", "red"),
        ] {
            assert!(queue.set(name, value).is_err(), "{name}={value}");
        }
    }

    #[test]
    fn names_are_checked_and_fifo_queues_refused() {
        assert!(QueueConfig::new("jobs-1_a").check().is_ok());
        for name in ["", "a b", "jobs.fifo", &"x".repeat(81)] {
            assert!(QueueConfig::new(name).check().is_err(), "{name}");
        }
    }
}
