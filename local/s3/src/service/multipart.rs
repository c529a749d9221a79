//! Multipart uploads.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CommonPrefix, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CompletedPart, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    Initiator, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput,
    MultipartUpload, Part, StorageClass, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::attributes::{attributes_of, etag, timestamp};
use super::checksums::{
    named_checksum, parse_algorithm, parse_kind, promise, show_algorithm, show_checksum, show_kind,
};
use super::listings::Encoding;
use super::operations::{Operations, owner, refuse_customer_key};
use super::origin;
use super::reads::page_size;
use crate::notifications::OWNER_ID;
use crate::store::conditions::WriteConditions;
use crate::store::failure::refuse;
use crate::store::index::UploadRecord;
use crate::store::listing::common_prefix;
use crate::store::multipart::{Expected, NamedPart, UploadName, check_part_number};
use crate::store::objects::Target;

impl Operations {
    pub(super) async fn create_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let mut input = request.input;
        refuse_customer_key(input.sse_customer_algorithm.as_ref())?;
        let algorithm = input.checksum_algorithm.as_ref().map(parse_algorithm).transpose()?;
        let kind = input.checksum_type.as_ref().map(parse_kind).transpose()?;
        let attributes = attributes_of!(input);
        let (upload_id, record) = self
            .store
            .begin_upload(input.bucket.clone(), input.key.clone(), algorithm, kind, attributes)
            .await?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(upload_id),
            checksum_algorithm: algorithm.map(show_algorithm),
            checksum_type: algorithm.map(|_| show_kind(record.checksum_kind)),
            ..Default::default()
        }))
    }

    pub(super) async fn put_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let mut promise = promise(&request.headers, request.trailing_headers)?;
        let input = request.input;
        refuse_customer_key(input.sse_customer_algorithm.as_ref())?;
        let number = check_part_number(input.part_number)?;
        let name = UploadName { bucket: input.bucket, key: input.key, upload_id: input.upload_id };
        let upload = self.store.find_upload(name.clone()).await?;
        // An upload that names no algorithm takes parts with any.
        promise.kept = Some(upload.algorithm);
        if let Some(algorithm) = promise.checksum.algorithm()
            && algorithm != upload.algorithm
            && upload.algorithm_chosen
        {
            return Err(S3Error::with_message(
                S3ErrorCode::InvalidRequest,
                format!(
                    "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                    upload.algorithm.name().to_ascii_lowercase(),
                    algorithm.name().to_ascii_lowercase()
                ),
            ));
        }
        let body = input.body.unwrap_or_else(|| s3s::Body::empty().into());
        let staged = self.store.stage(body, promise).await?;
        let record = self.store.put_part(name, number, staged).await?;
        let mut output = UploadPartOutput { e_tag: Some(etag(&record.etag)), ..Default::default() };
        show_checksum!(output, record.checked());
        Ok(S3Response::new(output))
    }

    pub(super) async fn complete_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let origin = origin(&request);
        let location = location(&request);
        let mut input = request.input;
        refuse_customer_key(input.sse_customer_algorithm.as_ref())?;
        let conditions = WriteConditions::of_write(input.if_match.take(), input.if_none_match.take())?;
        let expected = Expected {
            size: input.mpu_object_size.and_then(|size| u64::try_from(size).ok()),
            checksum: named_checksum!(input)?,
            checksum_kind: input.checksum_type.as_ref().map(parse_kind).transpose()?,
        };
        let parts = input.multipart_upload.take().and_then(|upload| upload.parts).unwrap_or_default();
        let parts = parts.into_iter().map(named_part).collect::<S3Result<Vec<_>>>()?;
        let target = Target { bucket: input.bucket.clone(), key: input.key.clone(), conditions, origin };
        let record = self.store.complete_upload(target, input.upload_id, parts, expected).await?;
        let mut output = CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            location: Some(location),
            e_tag: Some(etag(&record.etag)),
            checksum_type: Some(show_kind(record.checksum.kind)),
            ..Default::default()
        };
        show_checksum!(output, &record.checksum);
        Ok(S3Response::new(output))
    }

    pub(super) async fn abort_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = request.input;
        let name = UploadName { bucket: input.bucket, key: input.key, upload_id: input.upload_id };
        self.store.abort_upload(name).await?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }

    pub(super) async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        let input = request.input;
        let max_parts = page_size(input.max_parts)?;
        let after = input.part_number_marker.unwrap_or(0);
        let name = UploadName {
            bucket: input.bucket.clone(),
            key: input.key.clone(),
            upload_id: input.upload_id.clone(),
        };
        let (upload, parts) = self.store.list_parts(name).await?;
        let mut rest = parts.into_iter().filter(|(number, _)| i32::from(*number) > after);
        let page: Vec<_> = rest
            .by_ref()
            .take(max_parts)
            .map(|(number, part)| {
                let mut shown = Part {
                    part_number: Some(i32::from(number)),
                    e_tag: Some(etag(&part.etag)),
                    size: i64::try_from(part.size).ok(),
                    last_modified: Some(timestamp(part.modified_ms)),
                    ..Default::default()
                };
                show_checksum!(shown, &part.checksum);
                shown
            })
            .collect();
        Ok(S3Response::new(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            part_number_marker: Some(after),
            next_part_number_marker: Some(page.last().and_then(|part| part.part_number).unwrap_or(0)),
            max_parts: i32::try_from(max_parts).ok(),
            is_truncated: Some(rest.next().is_some()),
            parts: (!page.is_empty()).then_some(page),
            owner: Some(owner()),
            initiator: Some(initiator()),
            storage_class: Some(storage_class(&upload)),
            checksum_algorithm: Some(show_algorithm(upload.algorithm)),
            checksum_type: Some(show_kind(upload.checksum_kind)),
            ..Default::default()
        }))
    }

    pub(super) async fn list_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = request.input;
        let encoding = Encoding::of(input.encoding_type.as_ref())?;
        let max_uploads = page_size(input.max_uploads)?;
        let prefix = input.prefix.unwrap_or_default();
        let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
        let after = (input.key_marker.unwrap_or_default(), input.upload_id_marker.unwrap_or_default());
        let found = self.store.list_uploads(input.bucket.clone(), prefix.clone()).await?;

        let UploadPage { uploads, common_prefixes, next } =
            UploadPage::fill(found, &prefix, delimiter.as_deref(), &after, max_uploads);
        let is_truncated = next.is_some();
        let (next_key, next_id) = next.unzip();
        Ok(S3Response::new(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            prefix: Some(encoding.apply(&prefix)),
            delimiter: delimiter.map(|delimiter| encoding.apply(&delimiter)),
            encoding_type: input.encoding_type,
            key_marker: Some(encoding.apply(&after.0)),
            upload_id_marker: Some(after.1),
            max_uploads: i32::try_from(max_uploads).ok(),
            is_truncated: Some(is_truncated),
            next_key_marker: next_key.map(|key| encoding.apply(&key)),
            next_upload_id_marker: next_id,
            common_prefixes: (!common_prefixes.is_empty()).then(|| {
                common_prefixes
                    .iter()
                    .map(|prefix| CommonPrefix { prefix: Some(encoding.apply(prefix)) })
                    .collect()
            }),
            uploads: (!uploads.is_empty()).then(|| {
                let show =
                    |(key, id, record): &FoundUpload| show_upload(encoding.apply(key), id.clone(), record);
                uploads.iter().map(show).collect()
            }),
            request_charged: None,
        }))
    }
}

/// An upload's key, its name, and its record.
type FoundUpload = (String, String, UploadRecord);

/// One page of a listing of uploads.
#[derive(Default)]
struct UploadPage {
    uploads: Vec<FoundUpload>,
    common_prefixes: Vec<String>,
    /// The last entry, a key and an upload's name, if there are more.
    next: Option<(String, String)>,
}

impl UploadPage {
    fn fill(
        found: Vec<FoundUpload>,
        prefix: &str,
        delimiter: Option<&str>,
        after: &(String, String),
        max_entries: usize,
    ) -> Self {
        let mut page = Self::default();
        let mut last = None;
        for (key, upload_id, record) in found {
            let common =
                delimiter.and_then(|delimiter| common_prefix(&key, prefix, delimiter)).map(str::to_owned);
            let is_past = match &common {
                Some(common) => *common > after.0,
                None if after.1.is_empty() => key > after.0,
                None => (&key, &upload_id) > (&after.0, &after.1),
            };
            if !is_past || (common.is_some() && page.common_prefixes.last() == common.as_ref()) {
                continue;
            }
            if page.uploads.len() + page.common_prefixes.len() == max_entries {
                page.next = last;
                break;
            }
            if let Some(common) = common {
                last = Some((common.clone(), String::new()));
                page.common_prefixes.push(common);
            } else {
                last = Some((key.clone(), upload_id.clone()));
                page.uploads.push((key, upload_id, record));
            }
        }
        page
    }
}

fn named_part(part: CompletedPart) -> S3Result<NamedPart> {
    let checksum = named_checksum!(part)?;
    match (part.part_number, part.e_tag) {
        (Some(number), Some(etag)) => Ok(NamedPart { number, etag: etag.into_value(), checksum }),
        _ => {
            Err(refuse(S3ErrorCode::MalformedXML, "Every part must be named by its PartNumber and its ETag"))
        }
    }
}

fn show_upload(key: String, upload_id: String, record: &UploadRecord) -> MultipartUpload {
    MultipartUpload {
        key: Some(key),
        upload_id: Some(upload_id),
        initiated: Some(timestamp(record.initiated_ms)),
        owner: Some(owner()),
        initiator: Some(initiator()),
        storage_class: Some(storage_class(record)),
        checksum_algorithm: Some(show_algorithm(record.algorithm)),
        checksum_type: Some(show_kind(record.checksum_kind)),
    }
}

fn storage_class(upload: &UploadRecord) -> StorageClass {
    let class = upload.attributes.storage_class.clone();
    class.map_or_else(|| StorageClass::from_static(StorageClass::STANDARD), StorageClass::from)
}

fn initiator() -> Initiator {
    Initiator { id: Some(OWNER_ID.to_owned()), display_name: Some(OWNER_ID.to_owned()) }
}

/// Where the object can be found from now on.
fn location(request: &S3Request<CompleteMultipartUploadInput>) -> String {
    let host =
        request.headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}{}", request.uri.path())
}
