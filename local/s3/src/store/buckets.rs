//! Buckets.

use redb::ReadableTable as _;
use s3s::{S3ErrorCode, S3Result};

use super::failure::refuse;
use super::index::{BUCKETS, BucketRecord, Index as _, OBJECTS, UPLOADS};
use super::{Store, now_ms};

/// Whether a bucket was made just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Creation {
    Created,
    /// It was there already, and everything here has one owner.
    AlreadyOwned,
}

impl Store {
    pub(crate) async fn create_bucket(&self, name: String, location: Option<String>) -> S3Result<Creation> {
        self.writer
            .apply(move |transaction| {
                let mut buckets = transaction.index.open_table(BUCKETS)?;
                if buckets.get(name.as_str())?.is_some() {
                    return Ok(Creation::AlreadyOwned);
                }
                let record = BucketRecord { created_ms: now_ms(), location };
                buckets.insert(name.as_str(), serde_json::to_vec(&record)?.as_slice())?;
                Ok(Creation::Created)
            })
            .await
    }

    /// Removes an empty bucket, and the uploads that were never completed with it.
    pub(crate) async fn delete_bucket(&self, name: String) -> S3Result<()> {
        self.writer
            .apply(move |transaction| {
                transaction.index.find_bucket(&name)?;
                if transaction
                    .index
                    .open_table(OBJECTS)?
                    .range((name.as_str(), "")..)?
                    .next()
                    .is_some_and(|entry| entry.is_ok_and(|(key, _)| key.value().0 == name))
                {
                    return Err(refuse(
                        S3ErrorCode::BucketNotEmpty,
                        "The bucket you tried to delete is not empty",
                    )
                    .into());
                }
                let mut uploads = Vec::new();
                for entry in transaction.index.open_table(UPLOADS)?.range((name.as_str(), "", "")..)? {
                    let (id, _) = entry?;
                    let (bucket, key, upload_id) = id.value();
                    if bucket != name {
                        break;
                    }
                    uploads.push((key.to_owned(), upload_id.to_owned()));
                }
                for (key, upload_id) in &uploads {
                    transaction.index.open_table(UPLOADS)?.remove((
                        name.as_str(),
                        key.as_str(),
                        upload_id.as_str(),
                    ))?;
                    transaction.drop_parts(upload_id)?;
                }
                transaction.index.open_table(BUCKETS)?.remove(name.as_str())?;
                Ok(())
            })
            .await
    }

    pub(crate) async fn find_bucket(&self, name: String) -> S3Result<BucketRecord> {
        self.read(move |index| index.find_bucket(&name)).await
    }

    /// All buckets, in the order of their names.
    pub(crate) async fn list_buckets(&self) -> S3Result<Vec<(String, BucketRecord)>> {
        self.read(|index| {
            let table = index.open_table(BUCKETS)?;
            let mut buckets = Vec::new();
            for entry in table.iter()? {
                let (name, record) = entry?;
                buckets.push((name.value().to_owned(), serde_json::from_slice(record.value())?));
            }
            Ok(buckets)
        })
        .await
    }
}
