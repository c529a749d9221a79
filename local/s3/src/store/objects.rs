//! Writing and removing objects. Everything that depends on what is there, conditions included, is decided inside the
//! transaction that makes the change, so of fifty clients that race to create one key exactly one wins.

use s3s::S3Result;

use super::conditions::{ETags, WriteConditions};
use super::failure::Failure;
use super::index::{Attributes, Content, Index as _, OBJECTS, ObjectRecord};
use super::staging::Staged;
use super::writer::Transaction;
use super::{Store, check_key, now_ms};
use crate::notifications::{Change, EventKind, Notifications, Origin};

/// Where an object goes, and under which conditions.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) conditions: WriteConditions,
    pub(crate) origin: Origin,
}

/// One key to remove.
#[derive(Debug, Clone)]
pub(crate) struct Removal {
    pub(crate) key: String,
    pub(crate) if_match: Option<ETags>,
}

impl Store {
    /// Puts bytes under a key.
    pub(crate) async fn put(
        &self,
        target: Target,
        staged: Staged,
        attributes: Attributes,
        event: EventKind,
    ) -> S3Result<ObjectRecord> {
        check_key(&target.key)?;
        let notifications = std::sync::Arc::clone(&self.notifications);
        self.writer
            .apply(move |transaction| {
                let current = transaction.index.look_up_object(&target.bucket, &target.key)?;
                target.conditions.check(current.as_ref())?;
                let record = ObjectRecord {
                    size: staged.size,
                    etag: staged.digests.etag(),
                    modified_ms: now_ms(),
                    content: Content::Whole(transaction.keep(staged.bytes)?),
                    checksum: staged.digests.checksum,
                    attributes,
                };
                replace(transaction, &notifications, &target, current, &record, event)?;
                Ok(record)
            })
            .await
    }

    /// Removes keys, each on its own conditions, and says what came of each, in their order.
    pub(crate) async fn remove(
        &self,
        bucket: String,
        removals: Vec<Removal>,
        origin: Origin,
    ) -> S3Result<Vec<(String, S3Result<()>)>> {
        let notifications = std::sync::Arc::clone(&self.notifications);
        self.writer
            .apply(move |transaction| {
                transaction.index.find_bucket(&bucket)?;
                let mut outcomes = Vec::with_capacity(removals.len());
                for removal in removals {
                    let outcome = match remove_one(transaction, &notifications, &bucket, &removal, &origin) {
                        Ok(()) => Ok(()),
                        Err(Failure::Refused(refusal)) => Err(refusal),
                        Err(broken) => return Err(broken),
                    };
                    outcomes.push((removal.key, outcome));
                }
                Ok(outcomes)
            })
            .await
    }
}

/// Writes an object's record, gives up the bytes of the one it replaces, and announces the change.
pub(crate) fn replace(
    transaction: &mut Transaction<'_>,
    notifications: &Notifications,
    target: &Target,
    replaced: Option<ObjectRecord>,
    record: &ObjectRecord,
    event: EventKind,
) -> Result<(), Failure> {
    store_record(transaction, &target.bucket, &target.key, record)?;
    if let Some(replaced) = replaced {
        transaction.drop_content(&replaced.content)?;
    }
    notifications.announce(
        transaction,
        &Change {
            event,
            bucket: &target.bucket,
            key: &target.key,
            object: Some(record),
            origin: &target.origin,
        },
    )
}

/// Writes a record over whatever there is.
pub(crate) fn store_record(
    transaction: &Transaction<'_>,
    bucket: &str,
    key: &str,
    record: &ObjectRecord,
) -> Result<(), Failure> {
    transaction.index.open_table(OBJECTS)?.insert((bucket, key), serde_json::to_vec(record)?.as_slice())?;
    Ok(())
}

/// Removes one key. Removing what is not there succeeds, and is announced to nobody: S3 announces removed objects.
fn remove_one(
    transaction: &mut Transaction<'_>,
    notifications: &Notifications,
    bucket: &str,
    removal: &Removal,
    origin: &Origin,
) -> Result<(), Failure> {
    check_key(&removal.key)?;
    let current = transaction.index.look_up_object(bucket, &removal.key)?;
    WriteConditions { if_match: removal.if_match.clone(), if_none_match: None }.check(current.as_ref())?;
    let Some(current) = current else { return Ok(()) };
    transaction.index.open_table(OBJECTS)?.remove((bucket, removal.key.as_str()))?;
    transaction.drop_content(&current.content)?;
    notifications.announce(
        transaction,
        &Change { event: EventKind::RemovedDelete, bucket, key: &removal.key, object: None, origin },
    )
}
