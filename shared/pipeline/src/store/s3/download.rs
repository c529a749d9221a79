//! Objects that are too long for memory: from S3 straight into a file.

use std::path::Path;

use aws_sdk_s3::error::ProvideErrorMetadata;
use tokio::io::AsyncWriteExt;

use super::{Request, S3Store, chain, status};
use crate::store::{ErrorKind, StoreError};

impl S3Store {
    /// Writes an object into a file, over what is in it. Its length; `None` where there is no such object, or it is longer than
    /// `max_bytes`.
    ///
    /// # Errors
    /// [`StoreError`], [`ErrorKind::Refused`] also where the file can't be written.
    pub async fn save(
        &self,
        bucket: &str,
        key: &str,
        file: &Path,
        max_bytes: u64,
    ) -> Result<Option<u64>, StoreError> {
        let request = Request { operation: "GetObject", bucket, key };
        let answer = match self.client.get_object().bucket(bucket).key(key).send().await {
            Ok(answer) => answer,
            Err(error) if status(&error) == Some(404) && error.code() != Some("NoSuchBucket") => {
                return Ok(None);
            }
            Err(error) => return Err(request.failed(&error)),
        };
        let length = answer.content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or(u64::MAX);
        if length > max_bytes {
            return Ok(None);
        }
        let unwritten =
            |error: std::io::Error| request.error(ErrorKind::Refused, format!("{}: {error}", file.display()));
        let mut written = tokio::fs::File::create(file).await.map_err(unwritten)?;
        let (mut body, mut bytes) = (answer.body, 0);
        while let Some(part) = body.next().await {
            let part = part.map_err(|error| request.error(ErrorKind::BrokenBody, chain(&error)))?;
            written.write_all(&part).await.map_err(unwritten)?;
            bytes += part.len() as u64;
        }
        written.flush().await.map_err(unwritten)?;
        if bytes != length {
            return Err(request.error(ErrorKind::BrokenBody, format!("{bytes} bytes of {length} arrived")));
        }
        Ok(Some(bytes))
    }
}
