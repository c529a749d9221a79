//! The index: what exists, under which key, and where its bytes are.
//!
//! It lives in one embedded database, in tables whose keys sort by bytes, which is the order that S3 lists in. Keys are
//! only ever data here: no file name is made from one, so `a`, `a/b`, `/a`, `a//b` and `../a` are as distinct as any
//! other five strings.

use std::collections::BTreeMap;

use redb::{Key, ReadTransaction, ReadableTable, TableDefinition, TableError, Value, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::blobs::BlobId;
use super::digest::{Algorithm, Checksum, ChecksumKind};
use super::failure::{Failure, no_such_bucket, no_such_key, no_such_upload};

/// Bucket name → [`BucketRecord`].
pub(crate) const BUCKETS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("s3.buckets");
/// Bucket and key → [`ObjectRecord`].
pub(crate) const OBJECTS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("s3.objects");
/// Bucket, key and upload id → [`UploadRecord`]. Upload ids sort by the time they were made.
pub(crate) const UPLOADS: TableDefinition<'_, (&str, &str, &str), &[u8]> = TableDefinition::new("s3.uploads");
/// Upload id and part number → [`PartRecord`]. The parts of a completed upload stay: they are the object's bytes.
pub(crate) const PARTS: TableDefinition<'_, (&str, u16), &[u8]> = TableDefinition::new("s3.parts");
/// The bytes of blobs too small to deserve a file.
pub(crate) const INLINE: TableDefinition<'_, u128, &[u8]> = TableDefinition::new("s3.inline");
/// Counters that only ever grow.
pub(crate) const COUNTERS: TableDefinition<'_, &str, u64> = TableDefinition::new("s3.counters");

/// A bucket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BucketRecord {
    pub(crate) created_ms: u64,
    /// The location constraint that the bucket was created with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
}

/// Where the bytes of one upload are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Blob {
    /// In the table [`INLINE`].
    Inline(BlobId),
    /// In a file of the blob folder.
    File(BlobId),
}

/// Where the bytes of an object are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Content {
    /// In one blob.
    Whole(Blob),
    /// In the parts of this completed multipart upload.
    Parts { upload_id: String, count: u16 },
}

/// What a client says about an object and gets back with it, unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_control: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_language: Option<String>,
    /// As an HTTP date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) website_redirect_location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) storage_class: Option<String>,
    /// `x-amz-meta-*`, without that prefix.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) metadata: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<(String, String)>,
}

/// An object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ObjectRecord {
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) modified_ms: u64,
    pub(crate) content: Content,
    pub(crate) checksum: Checksum,
    #[serde(flatten)]
    pub(crate) attributes: Attributes,
}

/// A multipart upload that is neither completed nor aborted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct UploadRecord {
    pub(crate) initiated_ms: u64,
    /// The checksum that every part carries.
    pub(crate) algorithm: Algorithm,
    pub(crate) checksum_kind: ChecksumKind,
    /// Whether the client chose the algorithm: then it must also name the checksums it expects on completion.
    pub(crate) algorithm_chosen: bool,
    #[serde(flatten)]
    pub(crate) attributes: Attributes,
}

/// One part of a multipart upload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PartRecord {
    pub(crate) size: u64,
    /// The MD5 of the part in hexadecimal.
    pub(crate) etag: String,
    pub(crate) modified_ms: u64,
    pub(crate) blob: Blob,
    /// Of the upload's algorithm, so that those of all parts can be combined.
    pub(crate) checksum: Checksum,
    /// Of the algorithm that the client used, if the upload names none and that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sent: Option<Checksum>,
}

impl PartRecord {
    /// The checksum that the client knows.
    pub(crate) fn checked(&self) -> &Checksum {
        self.sent.as_ref().unwrap_or(&self.checksum)
    }
}

/// Reading the index, the same from a snapshot and from inside a write transaction.
pub(crate) trait Index {
    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<impl ReadableTable<K, V>, TableError>;

    fn find_bucket(&self, bucket: &str) -> Result<BucketRecord, Failure> {
        match self.table(BUCKETS)?.get(bucket)? {
            Some(record) => Ok(serde_json::from_slice(record.value())?),
            None => Err(no_such_bucket().into()),
        }
    }

    /// The object under a key, if there is one, in a bucket that must exist.
    fn look_up_object(&self, bucket: &str, key: &str) -> Result<Option<ObjectRecord>, Failure> {
        match self.table(OBJECTS)?.get((bucket, key))? {
            Some(record) => Ok(Some(serde_json::from_slice(record.value())?)),
            None => self.find_bucket(bucket).map(|_| None),
        }
    }

    fn find_object(&self, bucket: &str, key: &str) -> Result<ObjectRecord, Failure> {
        self.look_up_object(bucket, key)?.ok_or_else(|| no_such_key().into())
    }

    fn find_upload(&self, bucket: &str, key: &str, upload_id: &str) -> Result<UploadRecord, Failure> {
        self.find_bucket(bucket)?;
        match self.table(UPLOADS)?.get((bucket, key, upload_id))? {
            Some(record) => Ok(serde_json::from_slice(record.value())?),
            None => Err(no_such_upload().into()),
        }
    }

    /// The parts of an upload, or of the object that it became, in the order of their numbers.
    fn find_parts(&self, upload_id: &str) -> Result<Vec<(u16, PartRecord)>, Failure> {
        let table = self.table(PARTS)?;
        let mut parts = Vec::new();
        for entry in table.range((upload_id, 0)..=(upload_id, u16::MAX))? {
            let (number, record) = entry?;
            parts.push((number.value().1, serde_json::from_slice(record.value())?));
        }
        Ok(parts)
    }

    fn find_inline(&self, id: BlobId) -> Result<Vec<u8>, Failure> {
        match self.table(INLINE)?.get(id.number())? {
            Some(bytes) => Ok(bytes.value().to_vec()),
            None => {
                Err(Failure::broken(format!("the index names the small blob {id}, which it does not hold")))
            }
        }
    }
}

impl Index for ReadTransaction {
    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<impl ReadableTable<K, V>, TableError> {
        self.open_table(definition)
    }
}

impl Index for WriteTransaction {
    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<impl ReadableTable<K, V>, TableError> {
        self.open_table(definition)
    }
}
