//! The asynchronous events that were accepted and are not finished: Lambda's internal queue, on disk.
//!
//! An event is written in the transaction of whoever causes it, so that an object in a bucket and the event about it
//! exist together or not at all. It is removed in the transaction that ends it. Whatever happens in between, it is
//! still here when the stack starts again: at least once, as on Lambda.

use redb::{Database, ReadableTable as _, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use crate::database::{StoreError, decode, encode, read};

/// Events by sequence number, in the order in which they were accepted.
const EVENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("lambda.events");
/// One row: the last sequence number given out. Numbers are never used again, not even after a restart.
const SEQUENCE: TableDefinition<'_, (), u64> = TableDefinition::new("lambda.sequence");
const NAME: &str = "lambda.events";

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredEvent {
    pub(crate) function: String,
    pub(crate) request_id: String,
    pub(crate) payload: String,
    pub(crate) accepted_ms: u64,
    /// Not to be attempted before this.
    pub(crate) due_ms: u64,
    /// How many attempts failed.
    pub(crate) attempts: u32,
    /// The document of the last failure.
    #[serde(default)]
    pub(crate) last_error: Option<String>,
}

/// A pending event as the delivery keeps it in memory: the payload stays on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pending {
    pub(crate) due_ms: u64,
    pub(crate) sequence: u64,
}

/// Makes the tables, so that reading does not have to deal with their absence.
pub(crate) fn prepare(transaction: &WriteTransaction) -> Result<(), StoreError> {
    transaction.open_table(EVENTS)?;
    transaction.open_table(SEQUENCE)?;
    Ok(())
}

pub(crate) fn append(transaction: &WriteTransaction, event: &StoredEvent) -> Result<(), StoreError> {
    let mut sequences = transaction.open_table(SEQUENCE)?;
    let sequence = sequences.get(())?.map_or(0, |last| last.value()) + 1;
    sequences.insert((), sequence)?;
    transaction.open_table(EVENTS)?.insert(sequence, encode(NAME, event)?.as_slice())?;
    Ok(())
}

/// The events accepted after the one numbered `last`, each with its function.
///
/// Numbers are given out and rows are written in one transaction and there is one writer, so no event with a smaller
/// number can appear later.
pub(crate) fn after(database: &Database, last: u64) -> Result<Vec<(String, Pending)>, StoreError> {
    let table = read(database)?.open_table(EVENTS)?;
    let mut events = Vec::new();
    for row in table.range(last + 1..)? {
        let (sequence, row) = row?;
        let sequence = sequence.value();
        match decode::<StoredEvent>(NAME, row.value()) {
            Ok(event) => events.push((event.function, Pending { due_ms: event.due_ms, sequence })),
            // One that cannot be read must not hold up all others.
            Err(error) => tracing::error!(sequence, %error, "an event is kept but cannot be delivered"),
        }
    }
    Ok(events)
}

pub(crate) fn load(database: &Database, sequence: u64) -> Result<Option<StoredEvent>, StoreError> {
    let table = read(database)?.open_table(EVENTS)?;
    table.get(sequence)?.map(|row| decode(NAME, row.value())).transpose()
}

pub(crate) fn replace(
    transaction: &WriteTransaction,
    sequence: u64,
    event: &StoredEvent,
) -> Result<(), StoreError> {
    transaction.open_table(EVENTS)?.insert(sequence, encode(NAME, event)?.as_slice())?;
    Ok(())
}

pub(crate) fn remove(transaction: &WriteTransaction, sequence: u64) -> Result<(), StoreError> {
    transaction.open_table(EVENTS)?.remove(sequence)?;
    Ok(())
}
