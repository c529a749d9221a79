//! Copies of objects, and of their bytes into parts.

use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource, ETagCondition,
    MetadataDirective, Range, TaggingDirective, Timestamp, UploadPartCopyInput, UploadPartCopyOutput,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::attributes::{attributes_of, conditions_of, etag, timestamp};
use super::checksums::{parse_algorithm, show_checksum, show_kind};
use super::operations::{Operations, check_version, refuse_customer_key};
use super::origin;
use crate::notifications::EventKind;
use crate::store::check_key;
use crate::store::conditions::{ETags, WriteConditions};
use crate::store::copy::Source;
use crate::store::failure::refuse;
use crate::store::index::Attributes;
use crate::store::multipart::{UploadName, check_part_number};
use crate::store::objects::Target;
use crate::store::reading::Wanted;

/// Bytes: the largest object that S3 copies in one request.
const MAX_COPY_BYTES: u64 = 5 * 1024 * 1024 * 1024;

impl Operations {
    pub(super) async fn copy(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let origin = origin(&request);
        let header =
            |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).map(ETags::parse);
        let conditions = WriteConditions::of_write(header("if-match"), header("if-none-match"))?;
        let mut input = request.input;
        refuse_customer_key(input.sse_customer_algorithm.as_ref())?;
        refuse_customer_key(input.copy_source_sse_customer_algorithm.as_ref())?;
        check_key(&input.key)?;
        let directive =
            input.metadata_directive.as_ref().map_or(MetadataDirective::COPY, MetadataDirective::as_str);
        let replaces_metadata = match directive {
            MetadataDirective::COPY => false,
            MetadataDirective::REPLACE => true,
            _ => return Err(refuse(S3ErrorCode::InvalidArgument, "Unknown metadata directive.")),
        };
        let replaces_tags = input
            .tagging_directive
            .as_ref()
            .is_some_and(|directive| directive.as_str() == TaggingDirective::REPLACE);
        let changes_more = input.storage_class.is_some()
            || input.website_redirect_location.is_some()
            || input.server_side_encryption.is_some();
        let source = source(
            &input.copy_source,
            input.copy_source_if_match.take(),
            input.copy_source_if_none_match.take(),
            input.copy_source_if_modified_since.take(),
            input.copy_source_if_unmodified_since.take(),
        )?;
        if source.bucket == input.bucket && source.key == input.key && !replaces_metadata && !changes_more {
            return Err(refuse(
                S3ErrorCode::InvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the \
                 object's metadata, storage class, website redirect location or encryption attributes.",
            ));
        }
        let algorithm = input.checksum_algorithm.as_ref().map(parse_algorithm).transpose()?;
        let named = attributes_of!(input);

        self.store.find_bucket(input.bucket.clone()).await?;
        let (original, staged) = self.store.stage_copy(source, algorithm).await?;
        if original.size > MAX_COPY_BYTES {
            return Err(refuse(
                S3ErrorCode::InvalidRequest,
                "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120",
            ));
        }
        let attributes = merge(named, original.attributes, replaces_metadata, replaces_tags);
        let target = Target { bucket: input.bucket, key: input.key, conditions, origin };
        let record = self.store.put(target, staged, attributes, EventKind::CreatedCopy).await?;
        let mut result = CopyObjectResult {
            e_tag: Some(etag(&record.etag)),
            last_modified: Some(timestamp(record.modified_ms)),
            checksum_type: Some(show_kind(record.checksum.kind)),
            ..Default::default()
        };
        show_checksum!(result, &record.checksum);
        Ok(S3Response::new(CopyObjectOutput { copy_object_result: Some(result), ..Default::default() }))
    }

    pub(super) async fn copy_part(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        let mut input = request.input;
        refuse_customer_key(input.sse_customer_algorithm.as_ref())?;
        refuse_customer_key(input.copy_source_sse_customer_algorithm.as_ref())?;
        let number = check_part_number(input.part_number)?;
        let source = source(
            &input.copy_source,
            input.copy_source_if_match.take(),
            input.copy_source_if_none_match.take(),
            input.copy_source_if_modified_since.take(),
            input.copy_source_if_unmodified_since.take(),
        )?;
        let name = UploadName { bucket: input.bucket, key: input.key, upload_id: input.upload_id };
        let upload = self.store.find_upload(name.clone()).await?;
        let (_, staged) = match input.copy_source_range.as_deref() {
            None => self.store.stage_copy(source, Some(upload.algorithm)).await?,
            Some(range) => {
                let wanted = self.source_range(&source, range).await?;
                self.store.restage(source, wanted, Some(upload.algorithm)).await?
            }
        };
        let record = self.store.put_part(name, number, staged).await?;
        let mut result = CopyPartResult {
            e_tag: Some(etag(&record.etag)),
            last_modified: Some(timestamp(record.modified_ms)),
            ..Default::default()
        };
        show_checksum!(result, &record.checksum);
        Ok(S3Response::new(UploadPartCopyOutput { copy_part_result: Some(result), ..Default::default() }))
    }

    /// The range of a source, which must lie within it: S3 does not shorten it.
    async fn source_range(&self, source: &Source, range: &str) -> S3Result<Wanted> {
        let Ok(range @ Range::Int { last: Some(last), .. }) = Range::parse(range) else {
            return Err(refuse(
                S3ErrorCode::InvalidArgument,
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
                 zero-based offsets of the first and last bytes to copy",
            ));
        };
        let record = self.store.find_object(source.bucket.clone(), source.key.clone()).await?;
        if last >= record.size {
            return Err(refuse(
                S3ErrorCode::InvalidArgument,
                "Range specified is not valid for source object",
            ));
        }
        Ok(Wanted::Range(range))
    }
}

fn source(
    named: &CopySource,
    mut if_match: Option<ETagCondition>,
    mut if_none_match: Option<ETagCondition>,
    mut if_modified_since: Option<Timestamp>,
    mut if_unmodified_since: Option<Timestamp>,
) -> S3Result<Source> {
    let CopySource::Bucket { bucket, key, version_id } = named else {
        return Err(refuse(S3ErrorCode::NotImplemented, "Copying through access points is not implemented."));
    };
    check_version(version_id.as_deref())?;
    let conditions = conditions_of(
        if_match.take(),
        if_none_match.take(),
        if_modified_since.take(),
        if_unmodified_since.take(),
    );
    Ok(Source { bucket: bucket.to_string(), key: key.to_string(), conditions })
}

/// The attributes of the copy: those of the source, or those that the request names. The storage class and the website
/// redirect are the request's own in either case.
fn merge(named: Attributes, source: Attributes, replaces_metadata: bool, replaces_tags: bool) -> Attributes {
    let tags = if replaces_tags { named.tags.clone() } else { source.tags.clone() };
    let (storage_class, website_redirect_location) =
        (named.storage_class.clone(), named.website_redirect_location.clone());
    let chosen = if replaces_metadata { named } else { source };
    Attributes { website_redirect_location, storage_class, tags, ..chosen }
}
