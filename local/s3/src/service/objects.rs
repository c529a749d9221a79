//! Operations that write and remove objects.

use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectTaggingInput, DeleteObjectTaggingOutput,
    DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, Error, ObjectIdentifier, PostObjectInput,
    PostObjectOutput, PutObjectInput, PutObjectOutput, PutObjectTaggingInput, PutObjectTaggingOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::attributes::{attributes_of, etag};
use super::checksums::{check_body, named_checksum, promise, show_checksum, show_kind};
use super::forms::FILE_NAME;
use super::operations::{Operations, check_version, refuse_customer_key};
use super::{RawBody, file_name, origin};
use crate::notifications::EventKind;
use crate::store::check_key;
use crate::store::conditions::{ETags, WriteConditions};
use crate::store::failure::{no_such_key, refuse};
use crate::store::index::ObjectRecord;
use crate::store::objects::{Removal, Target};
use crate::store::staging::{Promise, PromisedChecksum};

/// The most keys that one request may remove.
const MAX_REMOVALS: usize = 1_000;

/// What the two ways to upload an object answer alike.
macro_rules! stored {
    ($output:ident, $record:expr) => {{
        let record: &ObjectRecord = $record;
        let mut output = $output {
            e_tag: Some(etag(&record.etag)),
            checksum_type: Some(show_kind(record.checksum.kind)),
            ..Default::default()
        };
        show_checksum!(output, &record.checksum);
        output
    }};
}

impl Operations {
    pub(super) async fn put(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let origin = origin(&request);
        let promise = promise(&request.headers, request.trailing_headers)?;
        let mut input = request.input;
        refuse_customer_key(input.sse_customer_algorithm.as_ref())?;
        let conditions = WriteConditions::of_write(input.if_match.take(), input.if_none_match.take())?;
        let attributes = attributes_of!(input);
        check_key(&input.key)?;
        self.store.find_bucket(input.bucket.clone()).await?;
        let body = input.body.unwrap_or_else(empty_body);
        let staged = self.store.stage(body, promise).await?;
        let target = Target { bucket: input.bucket, key: input.key, conditions, origin };
        let record = self.store.put(target, staged, attributes, EventKind::CreatedPut).await?;
        Ok(S3Response::new(stored!(PutObjectOutput, &record)))
    }

    /// A browser's upload by form. Its fields take the place of headers.
    pub(super) async fn post(
        &self,
        request: S3Request<PostObjectInput>,
    ) -> S3Result<S3Response<PostObjectOutput>> {
        let origin = origin(&request);
        let file_name = file_name(&request);
        let mut input = request.input;
        input.key = input.key.replace(FILE_NAME, &file_name);
        refuse_customer_key(input.sse_customer_algorithm.as_ref())?;
        let checksum = match named_checksum!(input)? {
            Some((algorithm, value)) => PromisedChecksum::Known(algorithm, value),
            None => PromisedChecksum::None,
        };
        let promise = Promise { length: None, md5: input.content_md5.take(), checksum, kept: None };
        let conditions = WriteConditions::of_write(input.if_match.take(), input.if_none_match.take())?;
        let attributes = attributes_of!(input);
        check_key(&input.key)?;
        self.store.find_bucket(input.bucket.clone()).await?;
        let body = input.body.unwrap_or_else(empty_body);
        let staged = self.store.stage(body, promise).await?;
        let target = Target { bucket: input.bucket, key: input.key, conditions, origin };
        let record = self.store.put(target, staged, attributes, EventKind::CreatedPost).await?;
        let mut response = S3Response::new(stored!(PostObjectOutput, &record));
        if let Ok(etag) = etag(&record.etag).to_http_header() {
            response.headers.insert(http::header::ETAG, etag);
        }
        Ok(response)
    }

    pub(super) async fn delete(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let origin = origin(&request);
        let input = request.input;
        check_version(input.version_id.as_deref())?;
        if input.if_match_last_modified_time.is_some() || input.if_match_size.is_some() {
            return Err(directory_buckets_only());
        }
        let removal = Removal { key: input.key, if_match: input.if_match.map(ETags::from) };
        for (_, outcome) in self.store.remove(input.bucket, vec![removal], origin).await? {
            outcome?;
        }
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    pub(super) async fn delete_many(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        if let Some(RawBody(body)) = request.extensions.get() {
            check_body(&request.headers, body)?;
        }
        let origin = origin(&request);
        let DeleteObjectsInput { bucket, delete, .. } = request.input;
        if delete.objects.is_empty() || delete.objects.len() > MAX_REMOVALS {
            return Err(refuse(
                S3ErrorCode::MalformedXML,
                "The XML you provided was not well-formed or did not validate against our published schema",
            ));
        }
        let mut removals = Vec::new();
        let mut errors = Vec::new();
        for object in delete.objects {
            match removal(&object) {
                Ok(removal) => removals.push(removal),
                Err(error) => errors.push(show_error(object.key, &error)),
            }
        }
        let mut deleted = Vec::new();
        for (key, outcome) in self.store.remove(bucket, removals, origin).await? {
            match outcome {
                Ok(()) => deleted.push(DeletedObject { key: Some(key), ..Default::default() }),
                Err(error) => errors.push(show_error(key, &error)),
            }
        }
        if delete.quiet == Some(true) {
            deleted.clear();
        }
        let some = |list: Vec<_>| (!list.is_empty()).then_some(list);
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: (!deleted.is_empty()).then_some(deleted),
            errors: some(errors),
            ..Default::default()
        }))
    }

    pub(super) async fn put_tags(
        &self,
        request: S3Request<PutObjectTaggingInput>,
    ) -> S3Result<S3Response<PutObjectTaggingOutput>> {
        let input = request.input;
        check_version(input.version_id.as_deref())?;
        let tags = input
            .tagging
            .tag_set
            .into_iter()
            .map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()))
            .collect();
        self.store.set_tags(input.bucket, input.key, tags).await?;
        Ok(S3Response::new(PutObjectTaggingOutput::default()))
    }

    pub(super) async fn delete_tags(
        &self,
        request: S3Request<DeleteObjectTaggingInput>,
    ) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
        let input = request.input;
        check_version(input.version_id.as_deref())?;
        self.store.set_tags(input.bucket, input.key, Vec::new()).await?;
        Ok(S3Response::new(DeleteObjectTaggingOutput::default()))
    }
}

fn removal(object: &ObjectIdentifier) -> S3Result<Removal> {
    // Nothing here has a version, so a version that is named is not there; S3 answers so for each key.
    check_version(object.version_id.as_deref()).map_err(|_| no_such_key())?;
    if object.last_modified_time.is_some() || object.size.is_some() {
        return Err(directory_buckets_only());
    }
    let if_match = object.e_tag.as_ref().map(|etag| ETags::parse(etag.value()));
    Ok(Removal { key: object.key.clone(), if_match })
}

fn show_error(key: String, error: &S3Error) -> Error {
    Error {
        key: Some(key),
        code: Some(error.code().as_str().to_owned()),
        message: error.message().map(str::to_owned),
        version_id: None,
    }
}

fn directory_buckets_only() -> S3Error {
    refuse(S3ErrorCode::NotImplemented, "Conditions on size and time are for directory buckets only.")
}

fn empty_body() -> s3s::dto::StreamingBlob {
    s3s::Body::empty().into()
}
