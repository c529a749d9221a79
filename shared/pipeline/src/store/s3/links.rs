//! What only people ask of S3: links that need no credentials.

use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;

use super::S3Store;

/// Why a link can't be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a link to s3://{bucket}/{} can't be signed: {detail}", crate::naming::named(.key))]
pub struct PresignError {
    bucket: String,
    key: String,
    detail: String,
}

impl S3Store {
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
