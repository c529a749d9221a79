//! Pages of a whole bucket, in the order of its keys: what walks over buckets, and lists for people, are made of.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Serialize};

use super::ETag;

/// The most objects that S3 lists at a time.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
pub const MAX_PAGE_ENTRIES: u16 = 1000;

/// Some of the objects of a bucket, in the order of their keys' bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The objects.
    pub entries: Vec<Entry>,
    /// Whether there are more after the last of them.
    pub has_more: bool,
}

impl Entry {
    /// When it was written, in nanoseconds since the epoch, if that can be read.
    pub fn written_nanos(&self) -> Option<i128> {
        let text = self.last_modified.as_deref()?;
        DateTime::from_str(text, Format::DateTime).ok().map(|time| time.as_nanos())
    }
}

/// An object as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// Its ETag.
    pub etag: ETag,
    /// Its length in bytes.
    pub bytes: u64,
    /// When it was written, as RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// Whether it is in a storage class whose bytes can't be read before they are restored. A listing does not say whether
    /// they have been.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_archived: bool,
}
