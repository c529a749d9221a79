//! What only people ask of S3, and the convergence protocol never does: pages of a bucket, and links that need no credentials.

use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::DateTimeFormat;
use aws_sdk_s3::types::EncodingType;

use super::{Request, S3Store};
use crate::store::{ETag, ErrorKind, StoreError};

/// Some of the objects of a bucket, in the order of their keys' bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The objects.
    pub entries: Vec<SourceEntry>,
    /// Whether there are more after the last of them.
    pub has_more: bool,
}

/// An object as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceEntry {
    /// Its key.
    pub key: String,
    /// Its ETag.
    pub etag: ETag,
    /// Its length in bytes.
    pub bytes: u64,
    /// When it was written, as RFC 3339.
    pub last_modified: Option<String>,
}

/// Why a link can't be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a link to s3://{bucket}/{key} can't be signed: {detail}")]
pub struct PresignError {
    bucket: String,
    key: String,
    detail: String,
}

impl S3Store {
    /// At most `limit` objects whose keys begin with `prefix` and come after `after`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn page(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        let request = Request { operation: "ListObjectsV2", bucket, key: prefix };
        let answer = self
            .client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .set_start_after(after.map(str::to_owned))
            .max_keys(i32::from(limit))
            .encoding_type(EncodingType::Url)
            .send()
            .await
            .map_err(|error| request.failed(&error))?;
        let has_more = answer.is_truncated == Some(true);
        let mut entries = Vec::new();
        for object in answer.contents.unwrap_or_default() {
            let (Some(key), Some(etag)) = (object.key, object.e_tag) else {
                return Err(request.error(ErrorKind::Refused, "an object without key or ETag".to_owned()));
            };
            let last_modified = object.last_modified.and_then(|time| time.fmt(DateTimeFormat::DateTime).ok());
            entries.push(SourceEntry {
                key: request.decoded(&key)?,
                etag: ETag::new(&etag),
                bytes: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                last_modified,
            });
        }
        Ok(Page { entries, has_more })
    }

    /// A link that lets anybody read an object for as long as `lasts`, or as the credentials that sign it, if that is less.
    ///
    /// # Errors
    /// [`PresignError`], where there are no credentials, or for more than a week.
    pub async fn link_to_read(
        &self,
        bucket: &str,
        key: &str,
        lasts: Duration,
    ) -> Result<String, PresignError> {
        let failed = |detail: String| PresignError { bucket: bucket.to_owned(), key: key.to_owned(), detail };
        let config = PresigningConfig::expires_in(lasts).map_err(|error| failed(error.to_string()))?;
        let signed = self.client.get_object().bucket(bucket).key(key).presigned(config).await;
        Ok(signed.map_err(|error| failed(super::chain(&error)))?.uri().to_owned())
    }

    /// A link that lets anybody put one object there for as long as `lasts`: of exactly this length and media type, both of
    /// which are signed, so that S3 refuses any other.
    ///
    /// # Errors
    /// [`PresignError`]
    pub async fn link_to_write(
        &self,
        bucket: &str,
        key: &str,
        content_type: &str,
        bytes: u64,
        lasts: Duration,
    ) -> Result<String, PresignError> {
        let failed = |detail: String| PresignError { bucket: bucket.to_owned(), key: key.to_owned(), detail };
        let config = PresigningConfig::expires_in(lasts).map_err(|error| failed(error.to_string()))?;
        let length = i64::try_from(bytes).map_err(|error| failed(error.to_string()))?;
        let put = self.client.put_object().bucket(bucket).key(key);
        let signed = put.content_type(content_type).content_length(length).presigned(config).await;
        Ok(signed.map_err(|error| failed(super::chain(&error)))?.uri().to_owned())
    }
}
