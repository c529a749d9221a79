//! Operations that read objects and what is known about them.

use http::StatusCode;
use s3s::dto::{
    ChecksumMode, GetObjectAclInput, GetObjectAclOutput, GetObjectAttributesInput, GetObjectAttributesOutput,
    GetObjectAttributesParts, GetObjectInput, GetObjectOutput, GetObjectTaggingInput, GetObjectTaggingOutput,
    HeadObjectInput, HeadObjectOutput, ObjectAttributes, ObjectPart, Range, StorageClass, StreamingBlob, Tag,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::answers::BareETag;
use super::attributes::{etag, read_conditions, show_attributes, timestamp};
use super::checksums::{show_checksum, show_kind, show_whole};
use super::operations::{Operations, check_version, owner, owner_grants, refuse_customer_key};
use crate::store::conditions::Freshness;
use crate::store::failure::refuse;
use crate::store::index::{Content, ObjectRecord};
use crate::store::multipart::check_part_number;
use crate::store::reading::{Opened, Wanted};

/// What a `GET` and a `HEAD` answer alike. The two have the same fields in two types.
macro_rules! describe {
    ($output:ident, $opened:expr, $wanted:expr, $checksum_mode:expr) => {{
        let opened: &Opened = $opened;
        let record: &ObjectRecord = &opened.record;
        let mut output = $output {
            e_tag: Some(etag(&record.etag)),
            last_modified: Some(timestamp(record.modified_ms)),
            accept_ranges: Some("bytes".to_owned()),
            ..Default::default()
        };
        show_attributes!(output, record.attributes.clone());
        if opened.freshness == Freshness::Modified {
            output.content_length =
                Some(i64::try_from(opened.span.end - opened.span.start).unwrap_or(i64::MAX));
            if is_partial($wanted) {
                output.content_range = content_range(opened);
            } else if $checksum_mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED) {
                output.checksum_type = Some(show_kind(record.checksum.kind));
                show_checksum!(output, &record.checksum);
            }
            if let (Wanted::Part(_), Content::Parts { count, .. }) = ($wanted, &record.content) {
                output.parts_count = Some(i32::from(*count));
            }
        }
        output
    }};
}

impl Operations {
    pub(super) async fn get(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let mut input = request.input;
        check_version(input.version_id.as_deref())?;
        refuse_customer_key(input.sse_customer_algorithm.as_ref())?;
        let wanted = wanted(input.range, input.part_number)?;
        let opened = self
            .store
            .open_object(input.bucket.clone(), input.key.clone(), read_conditions!(input), wanted)
            .await?;
        let mut output = describe!(GetObjectOutput, &opened, wanted, input.checksum_mode);
        output.tag_count = tag_count(&opened.record);
        let status = status(&opened, wanted);
        if opened.freshness == Freshness::Modified {
            output.body = Some(StreamingBlob::wrap(opened.reader.into_stream()));
        }
        Ok(answer(output, status))
    }

    pub(super) async fn head(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let mut input = request.input;
        check_version(input.version_id.as_deref())?;
        refuse_customer_key(input.sse_customer_algorithm.as_ref())?;
        let wanted = wanted(input.range, input.part_number)?;
        let opened = self
            .store
            .open_object(input.bucket.clone(), input.key.clone(), read_conditions!(input), wanted)
            .await?;
        let mut output = describe!(HeadObjectOutput, &opened, wanted, input.checksum_mode);
        // For GET, the protocol layer does this.
        let replace = |field: &mut Option<String>, value: Option<String>| {
            if value.is_some() {
                *field = value;
            }
        };
        replace(&mut output.content_type, input.response_content_type);
        replace(&mut output.cache_control, input.response_cache_control);
        replace(&mut output.content_disposition, input.response_content_disposition);
        replace(&mut output.content_encoding, input.response_content_encoding);
        replace(&mut output.content_language, input.response_content_language);
        Ok(answer(output, status(&opened, wanted)))
    }

    pub(super) async fn get_attributes(
        &self,
        request: S3Request<GetObjectAttributesInput>,
    ) -> S3Result<S3Response<GetObjectAttributesOutput>> {
        let input = request.input;
        check_version(input.version_id.as_deref())?;
        let record = self.store.find_object(input.bucket, input.key).await?;
        // Named in one header with commas, or in one header for each.
        let asked: Vec<_> = input
            .object_attributes
            .iter()
            .flat_map(|names| names.as_str().split(','))
            .map(str::trim)
            .collect();
        let asks = |name: &str| asked.contains(&name);
        let mut output = GetObjectAttributesOutput {
            last_modified: Some(timestamp(record.modified_ms)),
            ..Default::default()
        };
        if asks(ObjectAttributes::ETAG) {
            output.e_tag = Some(etag(&record.etag));
        }
        if asks(ObjectAttributes::OBJECT_SIZE) {
            output.object_size = i64::try_from(record.size).ok();
        }
        if asks(ObjectAttributes::STORAGE_CLASS) {
            let class = record.attributes.storage_class.clone();
            output.storage_class = Some(
                class.map_or_else(|| StorageClass::from_static(StorageClass::STANDARD), StorageClass::from),
            );
        }
        if asks(ObjectAttributes::CHECKSUM) {
            output.checksum = Some(show_whole(&record.checksum));
        }
        if asks(ObjectAttributes::OBJECT_PARTS) {
            let max_parts = page_size(input.max_parts)?;
            output.object_parts =
                self.object_parts(&record, max_parts, input.part_number_marker.unwrap_or(0)).await?;
        }
        let mut response = S3Response::new(output);
        response.extensions.insert(BareETag);
        Ok(response)
    }

    async fn object_parts(
        &self,
        record: &ObjectRecord,
        max_parts: usize,
        after: i32,
    ) -> S3Result<Option<GetObjectAttributesParts>> {
        let parts = self.store.parts_of(record).await?;
        if parts.is_empty() {
            return Ok(None);
        }
        let total = parts.len();
        let mut rest = parts.into_iter().filter(|(number, _)| i32::from(*number) > after);
        let page: Vec<_> = rest
            .by_ref()
            .take(max_parts)
            .map(|(number, part)| {
                let mut shown = ObjectPart {
                    part_number: Some(i32::from(number)),
                    size: i64::try_from(part.size).ok(),
                    ..Default::default()
                };
                show_checksum!(shown, &part.checksum);
                shown
            })
            .collect();
        Ok(Some(GetObjectAttributesParts {
            is_truncated: Some(rest.next().is_some()),
            max_parts: i32::try_from(max_parts).ok(),
            next_part_number_marker: page.last().and_then(|part| part.part_number),
            part_number_marker: Some(after),
            parts: Some(page),
            total_parts_count: i32::try_from(total).ok(),
        }))
    }

    pub(super) async fn get_tags(
        &self,
        request: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<S3Response<GetObjectTaggingOutput>> {
        let input = request.input;
        check_version(input.version_id.as_deref())?;
        let record = self.store.find_object(input.bucket, input.key).await?;
        let tag_set = record
            .attributes
            .tags
            .into_iter()
            .map(|(key, value)| Tag { key: Some(key), value: Some(value) })
            .collect();
        Ok(S3Response::new(GetObjectTaggingOutput { tag_set, version_id: None }))
    }

    pub(super) async fn get_acl(
        &self,
        request: S3Request<GetObjectAclInput>,
    ) -> S3Result<S3Response<GetObjectAclOutput>> {
        check_version(request.input.version_id.as_deref())?;
        self.store.find_object(request.input.bucket, request.input.key).await?;
        Ok(S3Response::new(GetObjectAclOutput {
            owner: Some(owner()),
            grants: Some(owner_grants()),
            ..Default::default()
        }))
    }
}

/// An answer with a status of its own, which travels among the extensions: the protocol layer would use its own.
fn answer<T>(output: T, status: StatusCode) -> S3Response<T> {
    let mut response = S3Response::new(output);
    response.extensions.insert(status);
    response
}

fn wanted(range: Option<Range>, part_number: Option<i32>) -> S3Result<Wanted> {
    match (range, part_number) {
        (None, None) => Ok(Wanted::All),
        (Some(range), None) => Ok(Wanted::Range(range)),
        (None, Some(number)) => Ok(Wanted::Part(check_part_number(number)?)),
        (Some(_), Some(_)) => Err(refuse(
            S3ErrorCode::InvalidRequest,
            "Cannot specify both Range header and partNumber query parameter",
        )),
    }
}

fn is_partial(wanted: Wanted) -> bool {
    !matches!(wanted, Wanted::All)
}

fn status(opened: &Opened, wanted: Wanted) -> StatusCode {
    match opened.freshness {
        Freshness::NotModified => StatusCode::NOT_MODIFIED,
        // An empty object has no bytes to be a range of.
        Freshness::Modified if is_partial(wanted) && opened.record.size > 0 => StatusCode::PARTIAL_CONTENT,
        Freshness::Modified => StatusCode::OK,
    }
}

fn content_range(opened: &Opened) -> Option<String> {
    let last = opened.span.end.checked_sub(1).filter(|_| opened.span.start < opened.span.end)?;
    Some(format!("bytes {}-{last}/{}", opened.span.start, opened.record.size))
}

fn tag_count(record: &ObjectRecord) -> Option<i32> {
    i32::try_from(record.attributes.tags.len()).ok().filter(|count| *count > 0)
}

/// How many entries a page may have: what the client says, up to the thousand that S3 sends at most.
pub(super) fn page_size(asked: Option<i32>) -> S3Result<usize> {
    let asked = usize::try_from(asked.unwrap_or(1_000)).map_err(|_| {
        refuse(S3ErrorCode::InvalidArgument, "Argument must be an integer between 0 and 2147483647")
    })?;
    Ok(asked.min(1_000))
}
