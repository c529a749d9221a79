//! The queues' tables, and what is done to them inside one transaction.
//!
//! Besides the messages there is an index by the time at which they become visible: receiving, counting and waiting look
//! only at what they need, however many messages are in flight.

use std::time::Duration;

use redb::{Database, ReadableTable as _, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::SqsError;
use super::message::{
    NewMessage, Receipt, ReceivedMessage, SentMessage, StoredMessage, md5_hex, md5_of_attributes,
};
use super::queue::{QueueConfig, QueueCounts};
use crate::clock;
use crate::database::{StoreError, decode, encode, read};

/// Queues by name.
const QUEUES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("sqs.queues");
/// Messages by queue and sequence number.
const MESSAGES: TableDefinition<'_, (&str, u64), &[u8]> = TableDefinition::new("sqs.messages");
/// How often a message was received, by queue, the time at which it becomes visible, and sequence number.
const VISIBILITY: TableDefinition<'_, (&str, u64, u64), u32> = TableDefinition::new("sqs.visibility");
/// One row: the last sequence number given out.
const SEQUENCE: TableDefinition<'_, (), u64> = TableDefinition::new("sqs.sequence");

/// A queue as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredQueue {
    pub(crate) config: QueueConfig,
    pub(crate) created_ms: u64,
    pub(crate) modified_ms: u64,
}

pub(crate) fn prepare(transaction: &WriteTransaction) -> Result<(), StoreError> {
    transaction.open_table(QUEUES)?;
    transaction.open_table(MESSAGES)?;
    transaction.open_table(VISIBILITY)?;
    transaction.open_table(SEQUENCE)?;
    Ok(())
}

/// Creates the queue, or gives it this configuration.
pub(crate) fn configure(
    transaction: &WriteTransaction,
    config: &QueueConfig,
    now_ms: u64,
) -> Result<(), SqsError> {
    let stored = store_queue(transaction, config, now_ms);
    Ok(stored?)
}

fn store_queue(transaction: &WriteTransaction, config: &QueueConfig, now_ms: u64) -> Result<(), StoreError> {
    let mut queues = transaction.open_table(QUEUES)?;
    let existing: Option<StoredQueue> =
        queues.get(config.name.as_str())?.map(|row| decode("sqs.queues", row.value())).transpose()?;
    let created_ms = existing.as_ref().map_or(now_ms, |queue| queue.created_ms);
    if existing.is_none_or(|queue| queue.config != *config) {
        let queue = StoredQueue { config: config.clone(), created_ms, modified_ms: now_ms };
        queues.insert(config.name.as_str(), encode("sqs.queues", &queue)?.as_slice())?;
    }
    Ok(())
}

/// Whether the queue that takes this one's dead letters is there.
pub(crate) fn check_redrive(transaction: &WriteTransaction, config: &QueueConfig) -> Result<(), SqsError> {
    let Some(redrive) = &config.redrive else { return Ok(()) };
    let problem = match queue_in(transaction, redrive.queue()) {
        Ok(_) if redrive.queue() == config.name => "is the queue itself",
        Ok(_) => return Ok(()),
        Err(SqsError::QueueDoesNotExist) => "does not exist",
        Err(error) => return Err(error),
    };
    let (name, target) = (&config.name, &redrive.dead_letter_target_arn);
    let message = format!("{name}: the dead-letter queue {target} {problem}.");
    Err(SqsError::InvalidParameterValue(message))
}

/// Creates the queue unless it is there already, in which case its configuration must be the same.
pub(crate) fn create(
    transaction: &WriteTransaction,
    config: &QueueConfig,
    now_ms: u64,
) -> Result<(), SqsError> {
    match queue_in(transaction, &config.name) {
        Err(SqsError::QueueDoesNotExist) => {
            configure(transaction, config, now_ms)?;
            check_redrive(transaction, config)
        }
        Ok(existing) if existing == *config => Ok(()),
        Ok(_) => Err(SqsError::QueueNameExists),
        Err(error) => Err(error),
    }
}

pub(crate) fn queue(database: &Database, name: &str) -> Result<StoredQueue, SqsError> {
    let table = read(database)?.open_table(QUEUES).map_err(StoreError::from)?;
    let row = table.get(name).map_err(StoreError::from)?.ok_or(SqsError::QueueDoesNotExist)?;
    Ok(decode("sqs.queues", row.value())?)
}

fn queue_in(transaction: &WriteTransaction, name: &str) -> Result<QueueConfig, SqsError> {
    let table = transaction.open_table(QUEUES).map_err(StoreError::from)?;
    let row = table.get(name).map_err(StoreError::from)?.ok_or(SqsError::QueueDoesNotExist)?;
    Ok(decode::<StoredQueue>("sqs.queues", row.value())?.config)
}

pub(crate) fn names(database: &Database) -> Result<Vec<String>, SqsError> {
    let names = || {
        let table = read(database)?.open_table(QUEUES)?;
        table.range::<&str>(..)?.map(|row| Ok(row?.0.value().to_owned())).collect::<Result<_, StoreError>>()
    };
    Ok(names()?)
}

pub(crate) fn counts(database: &Database, name: &str, now_ms: u64) -> Result<QueueCounts, SqsError> {
    queue(database, name)?;
    let count = || {
        let table = read(database)?.open_table(VISIBILITY)?;
        let mut counts = QueueCounts::default();
        for row in table.range((name, 0, 0)..=(name, u64::MAX, u64::MAX))? {
            let (key, receive_count) = row?;
            let (_, visible_ms, _) = key.value();
            match (visible_ms <= now_ms, receive_count.value()) {
                (true, _) => counts.visible += 1,
                (false, 0) => counts.delayed += 1,
                (false, _) => counts.in_flight += 1,
            }
        }
        Ok::<_, StoreError>(counts)
    };
    Ok(count()?)
}

/// When the next message of the queue becomes visible, or became: milliseconds since the epoch.
pub(crate) fn next_visible(database: &Database, name: &str) -> Result<Option<u64>, SqsError> {
    queue(database, name)?;
    let next = || {
        let table = read(database)?.open_table(VISIBILITY)?;
        let first = table.range((name, 0, 0)..=(name, u64::MAX, u64::MAX))?.next().transpose()?;
        Ok::<_, StoreError>(first.map(|(key, _)| key.value().1))
    };
    Ok(next()?)
}

/// Sends a message, if it is one that the queue takes.
pub(crate) fn put(
    transaction: &WriteTransaction,
    name: &str,
    message: NewMessage,
    now_ms: u64,
) -> Result<SentMessage, SqsError> {
    message.check(queue_in(transaction, name)?.max_message_bytes)?;
    put_whatever(transaction, name, message, now_ms)
}

/// Sends a message whatever its size and its characters.
pub(crate) fn put_whatever(
    transaction: &WriteTransaction,
    name: &str,
    message: NewMessage,
    now_ms: u64,
) -> Result<SentMessage, SqsError> {
    let queue = queue_in(transaction, name)?;
    let delay_seconds = message.delay_seconds.unwrap_or(queue.delay_seconds);
    if delay_seconds > 900 {
        let message = format!(
            "Value {delay_seconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
        );
        return Err(SqsError::InvalidParameterValue(message));
    }
    let sent = SentMessage {
        message_id: Uuid::new_v4().to_string(),
        md5_of_body: md5_hex(message.body.as_bytes()),
        md5_of_attributes: md5_of_attributes(&message.attributes),
    };
    let stored = StoredMessage {
        message_id: sent.message_id.clone(),
        body: message.body,
        attributes: message.attributes,
        sent_ms: now_ms,
        visible_ms: now_ms + u64::from(delay_seconds) * 1000,
        receive_count: 0,
        first_received_ms: None,
    };
    let sequence = next_sequence(transaction)?;
    insert(transaction, name, sequence, &stored)?;
    Ok(sent)
}

fn next_sequence(transaction: &WriteTransaction) -> Result<u64, StoreError> {
    let mut table = transaction.open_table(SEQUENCE)?;
    let sequence = table.get(())?.map_or(0, |last| last.value()) + 1;
    table.insert((), sequence)?;
    Ok(sequence)
}

fn insert(
    transaction: &WriteTransaction,
    name: &str,
    sequence: u64,
    message: &StoredMessage,
) -> Result<(), StoreError> {
    let row = encode("sqs.messages", message)?;
    transaction.open_table(MESSAGES)?.insert((name, sequence), row.as_slice())?;
    transaction
        .open_table(VISIBILITY)?
        .insert((name, message.visible_ms, sequence), message.receive_count)?;
    Ok(())
}

/// Takes a message out of its queue; `None` if it is gone.
fn extract(
    transaction: &WriteTransaction,
    name: &str,
    sequence: u64,
) -> Result<Option<StoredMessage>, StoreError> {
    let mut messages = transaction.open_table(MESSAGES)?;
    let Some(row) = messages.remove((name, sequence))? else { return Ok(None) };
    let message: StoredMessage = decode("sqs.messages", row.value())?;
    transaction.open_table(VISIBILITY)?.remove((name, message.visible_ms, sequence))?;
    Ok(Some(message))
}

/// Receives messages: they become invisible, and those that were received too often go to the dead-letter queue.
pub(crate) fn take(
    transaction: &WriteTransaction,
    name: &str,
    max: usize,
    visibility: Option<Duration>,
    now_ms: u64,
) -> Result<Vec<ReceivedMessage>, SqsError> {
    let queue = queue_in(transaction, name)?;
    let visibility = visibility.unwrap_or(Duration::from_secs(queue.visibility_timeout_seconds.into()));
    let oldest_ms = now_ms.saturating_sub(u64::from(queue.retention_seconds) * 1000);
    let mut taken = Vec::new();
    while taken.len() < max {
        let Some(sequence) = first_visible(transaction, name, now_ms)? else { break };
        let Some(mut message) = extract(transaction, name, sequence)? else { break };
        if message.sent_ms < oldest_ms {
            continue;
        }
        if let Some(redrive) = &queue.redrive
            && message.receive_count >= redrive.max_receive_count
        {
            let sequence = next_sequence(transaction)?;
            message.visible_ms = now_ms;
            insert(transaction, redrive.queue(), sequence, &message)?;
            continue;
        }
        message.receive_count = message.receive_count.saturating_add(1);
        // One that is not invisible at all must not be received twice by one request.
        message.visible_ms = now_ms.saturating_add(clock::milliseconds(visibility).max(1));
        let first_received_ms = *message.first_received_ms.get_or_insert(now_ms);
        insert(transaction, name, sequence, &message)?;
        let receipt = Receipt {
            sequence,
            receive_count: message.receive_count,
            message_id: message.message_id.clone(),
        };
        taken.push(ReceivedMessage {
            receipt_handle: receipt.handle(),
            message_id: message.message_id,
            body: message.body,
            attributes: message.attributes,
            sent_ms: message.sent_ms,
            first_received_ms,
            receive_count: message.receive_count,
        });
    }
    Ok(taken)
}

fn first_visible(transaction: &WriteTransaction, name: &str, now_ms: u64) -> Result<Option<u64>, StoreError> {
    let table = transaction.open_table(VISIBILITY)?;
    let first = table.range((name, 0, 0)..=(name, now_ms, u64::MAX))?.next().transpose()?;
    Ok(first.map(|(key, _)| key.value().2))
}

/// The message that a handle is the last receipt of; put back by the caller unless it is to be gone.
fn claim(
    transaction: &WriteTransaction,
    name: &str,
    handle: &str,
) -> Result<Option<(u64, StoredMessage)>, SqsError> {
    queue_in(transaction, name)?;
    let receipt = Receipt::parse(handle)?;
    let Some(message) = extract(transaction, name, receipt.sequence)? else { return Ok(None) };
    if message.message_id == receipt.message_id && message.receive_count == receipt.receive_count {
        return Ok(Some((receipt.sequence, message)));
    }
    insert(transaction, name, receipt.sequence, &message)?;
    Ok(None)
}

pub(crate) fn delete(transaction: &WriteTransaction, name: &str, handle: &str) -> Result<(), SqsError> {
    claim(transaction, name, handle).map(drop)
}

pub(crate) fn change_visibility(
    transaction: &WriteTransaction,
    name: &str,
    handle: &str,
    timeout: Duration,
    now_ms: u64,
) -> Result<(), SqsError> {
    if let Some((sequence, mut message)) = claim(transaction, name, handle)? {
        message.visible_ms = now_ms.saturating_add(clock::milliseconds(timeout));
        insert(transaction, name, sequence, &message)?;
    }
    Ok(())
}

pub(crate) fn purge(transaction: &WriteTransaction, name: &str) -> Result<(), SqsError> {
    queue_in(transaction, name)?;
    let purge = || {
        transaction.open_table(MESSAGES)?.retain_in((name, 0)..=(name, u64::MAX), |_, _| false)?;
        transaction
            .open_table(VISIBILITY)?
            .retain_in((name, 0, 0)..=(name, u64::MAX, u64::MAX), |_, _| false)?;
        Ok::<_, StoreError>(())
    };
    Ok(purge()?)
}
