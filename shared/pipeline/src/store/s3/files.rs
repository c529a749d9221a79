//! Objects that are files on this machine's disk: too long for memory, and of no concern to the convergence protocol.

use std::path::Path;

use aws_sdk_s3::primitives::ByteStream;

use super::{Request, S3Store, chain};
use crate::store::{ETag, ErrorKind, StoreError};

impl S3Store {
    /// Writes a file as an object, and gives its ETag. S3 takes up to 5 GB so.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn put_file(
        &self,
        bucket: &str,
        key: &str,
        content_type: &str,
        file: &Path,
    ) -> Result<ETag, StoreError> {
        let request = Request { operation: "PutObject", bucket, key };
        let body = ByteStream::from_path(file).await;
        let body = body.map_err(|error| request.error(ErrorKind::Refused, chain(&error)))?;
        let put = self.client.put_object().bucket(bucket).key(key).content_type(content_type).body(body);
        let answer = put.send().await.map_err(|error| request.failed(&error))?;
        let etag = answer.e_tag.as_deref().map(ETag::new);
        etag.ok_or_else(|| request.error(ErrorKind::Refused, "an answer without ETag".to_owned()))
    }
}
