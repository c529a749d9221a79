//! The store: buckets, objects and uploads, and every decision about them. It knows S3's rules and error codes, and
//! nothing of HTTP or XML.

pub(crate) mod blobs;
pub(crate) mod buckets;
pub(crate) mod conditions;
pub(crate) mod copy;
pub(crate) mod digest;
pub(crate) mod failure;
pub(crate) mod index;
pub(crate) mod listing;
pub(crate) mod multipart;
pub(crate) mod objects;
pub(crate) mod reading;
pub(crate) mod staging;
pub(crate) mod tagging;
pub(crate) mod writer;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use redb::{Database, ReadTransaction, ReadableDatabase as _, ReadableTable as _};
use s3s::{S3Error, S3ErrorCode, S3Result};

use self::blobs::{BlobId, Blobs};
use self::failure::{Failure, refuse};
use self::index::{
    BUCKETS, Blob, COUNTERS, Content, INLINE, OBJECTS, ObjectRecord, PARTS, PartRecord, UPLOADS,
};
use self::writer::Writer;
use crate::EventSink;
use crate::notifications::Notifications;

/// Bytes of UTF-8: the longest key that S3 takes.
const MAX_KEY_BYTES: usize = 1_024;

/// The store.
#[derive(Debug)]
pub(crate) struct Store {
    database: Arc<Database>,
    blobs: Arc<Blobs>,
    writer: Writer,
    notifications: Arc<Notifications>,
}

impl Store {
    /// Opens the store and removes what an earlier process left behind half done.
    pub(crate) fn open(
        database: Arc<Database>,
        blobs: Blobs,
        notifications: Notifications,
        sink: Option<Arc<dyn EventSink>>,
    ) -> Result<Self, Failure> {
        create_tables(&database)?;
        let swept = blobs.sweep(&named_files(&database.begin_read()?)?)?;
        if swept > 0 {
            tracing::info!(swept, "removed blobs of uploads that never finished");
        }
        let blobs = Arc::new(blobs);
        let writer = Writer::start(Arc::clone(&database), Arc::clone(&blobs), sink)?;
        Ok(Self { database, blobs, writer, notifications: Arc::new(notifications) })
    }

    pub(crate) fn notifications(&self) -> &Notifications {
        &self.notifications
    }

    /// Reads the index as it is now, away from the threads that serve requests.
    async fn read<T: Send + 'static>(
        &self,
        find: impl FnOnce(&ReadTransaction) -> Result<T, Failure> + Send + 'static,
    ) -> S3Result<T> {
        let database = Arc::clone(&self.database);
        off_runtime(move || find(&database.begin_read()?)).await
    }
}

/// Runs something that blocks.
async fn off_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> S3Result<T> {
    let outcome = tokio::task::spawn_blocking(work).await.map_err(Failure::from);
    Ok(outcome.and_then(|outcome| outcome)?)
}

fn create_tables(database: &Database) -> Result<(), Failure> {
    let transaction = database.begin_write()?;
    transaction.open_table(BUCKETS)?;
    transaction.open_table(OBJECTS)?;
    transaction.open_table(UPLOADS)?;
    transaction.open_table(PARTS)?;
    transaction.open_table(INLINE)?;
    transaction.open_table(COUNTERS)?;
    transaction.commit()?;
    Ok(())
}

/// Every file that a record names.
fn named_files(index: &ReadTransaction) -> Result<HashSet<BlobId>, Failure> {
    let mut named = HashSet::new();
    let mut name = |blob| {
        if let Blob::File(id) = blob {
            named.insert(id);
        }
    };
    for entry in index.open_table(OBJECTS)?.iter()? {
        let record: ObjectRecord = serde_json::from_slice(entry?.1.value())?;
        if let Content::Whole(blob) = record.content {
            name(blob);
        }
    }
    for entry in index.open_table(PARTS)?.iter()? {
        let record: PartRecord = serde_json::from_slice(entry?.1.value())?;
        name(record.blob);
    }
    Ok(named)
}

/// Refuses a key that S3 would not take.
pub(crate) fn check_key(key: &str) -> S3Result<()> {
    if key.is_empty() {
        return Err(refuse(S3ErrorCode::InvalidArgument, "An object key must have at least one character"));
    }
    if key.len() > MAX_KEY_BYTES {
        return Err(S3Error::with_message(S3ErrorCode::KeyTooLongError, "Your key is too long"));
    }
    Ok(())
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
