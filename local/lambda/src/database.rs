//! Transactions on the stack's database, from asynchronous code.
//!
//! There is one writer at a time, and a commit waits for the disk: writes therefore run on threads made for waiting.
//! Reads neither wait for writers nor for the disk's confirmation, and run where they are asked for.

use std::sync::Arc;

use redb::{Database, ReadTransaction, ReadableDatabase as _, WriteTransaction};

/// What can go wrong with what is stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed: the disk is full, or its file is damaged.
    #[error("the stack's database failed: {0}")]
    Database(#[source] Box<redb::Error>),
    /// A row is not what this version of the stack writes.
    #[error(
        "a row of table `{table}` cannot be read: {source}; was the data folder written by another version?"
    )]
    Damaged {
        /// The table that holds the row.
        table: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The stack is stopping.
    #[error("the stack is stopping")]
    Stopping,
}

macro_rules! database_errors {
    ($($kind:ident),*) => {$(
        impl From<redb::$kind> for StoreError {
            fn from(error: redb::$kind) -> Self {
                Self::Database(Box::new(error.into()))
            }
        }
    )*};
}

database_errors!(TransactionError, TableError, StorageError, CommitError);

/// Runs `work` in one transaction, which is committed if it succeeds and leaves no trace if it fails.
pub(crate) async fn write<T, E, F>(database: &Arc<Database>, work: F) -> Result<T, E>
where
    F: FnOnce(&WriteTransaction) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let database = database.clone();
    let written = tokio::task::spawn_blocking(move || {
        let transaction = database.begin_write().map_err(StoreError::from)?;
        let value = work(&transaction)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(value)
    });
    written.await.unwrap_or_else(|_| Err(StoreError::Stopping.into()))
}

/// A view of the database as it is now.
pub(crate) fn read(database: &Database) -> Result<ReadTransaction, StoreError> {
    Ok(database.begin_read()?)
}

/// A row as JSON, which later versions can read as long as they only add fields.
pub(crate) fn encode<T: serde::Serialize>(table: &'static str, row: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(row).map_err(|source| StoreError::Damaged { table, source })
}

pub(crate) fn decode<T: serde::de::DeserializeOwned>(
    table: &'static str,
    row: &[u8],
) -> Result<T, StoreError> {
    serde_json::from_slice(row).map_err(|source| StoreError::Damaged { table, source })
}
