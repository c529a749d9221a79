//! Multipart uploads. Parts are staged like objects and stay where they are: completing an upload writes one record
//! that names them, whatever they weigh, so it is as quick and as atomic as any other write.

use s3s::{S3Error, S3ErrorCode, S3Result};
use uuid::Uuid;

use super::digest::{Algorithm, Checksum, ChecksumKind, combine, multipart_etag};
use super::failure::{Failure, refuse};
use super::index::{Attributes, Content, Index, ObjectRecord, PARTS, PartRecord, UPLOADS, UploadRecord};
use super::objects::{Target, replace};
use super::staging::Staged;
use super::writer::Transaction;
use super::{Store, check_key, now_ms};
use crate::notifications::EventKind;

/// Bytes: every part but the last must have this many.
const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;
/// Part numbers count from 1 to this.
const MAX_PART_NUMBER: u16 = 10_000;

/// Which upload a request is about.
#[derive(Debug, Clone)]
pub(crate) struct UploadName {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) upload_id: String,
}

/// A part as the client names it on completion.
#[derive(Debug, Clone)]
pub(crate) struct NamedPart {
    pub(crate) number: i32,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) checksum: Option<(Algorithm, String)>,
}

/// What the client says about the whole object on completion.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expected {
    pub(crate) size: Option<u64>,
    pub(crate) checksum: Option<(Algorithm, String)>,
    pub(crate) checksum_kind: Option<ChecksumKind>,
}

impl Store {
    /// Begins an upload, and gives it a name that sorts by the time it was begun.
    pub(crate) async fn begin_upload(
        &self,
        bucket: String,
        key: String,
        algorithm: Option<Algorithm>,
        kind: Option<ChecksumKind>,
        attributes: Attributes,
    ) -> S3Result<(String, UploadRecord)> {
        check_key(&key)?;
        let algorithm_chosen = algorithm.is_some();
        let algorithm = algorithm.unwrap_or(Algorithm::Crc64Nvme);
        let checksum_kind = kind.unwrap_or(algorithm.default_kind());
        if !algorithm.allows(checksum_kind) {
            return Err(refuse(
                S3ErrorCode::InvalidRequest,
                "This checksum type cannot be used with this checksum algorithm.",
            ));
        }
        let record =
            UploadRecord { initiated_ms: now_ms(), algorithm, checksum_kind, algorithm_chosen, attributes };
        let upload_id = format!("{:012x}{}", record.initiated_ms, Uuid::new_v4().simple());
        self.writer
            .apply(move |transaction| {
                transaction.index.find_bucket(&bucket)?;
                transaction.index.open_table(UPLOADS)?.insert(
                    (bucket.as_str(), key.as_str(), upload_id.as_str()),
                    serde_json::to_vec(&record)?.as_slice(),
                )?;
                Ok((upload_id, record))
            })
            .await
    }

    pub(crate) async fn find_upload(&self, name: UploadName) -> S3Result<UploadRecord> {
        self.read(move |index| index.find_upload(&name.bucket, &name.key, &name.upload_id)).await
    }

    /// Adds a part, in place of an earlier one of the same number.
    pub(crate) async fn put_part(
        &self,
        name: UploadName,
        number: u16,
        staged: Staged,
    ) -> S3Result<PartRecord> {
        self.writer
            .apply(move |transaction| {
                transaction.index.find_upload(&name.bucket, &name.key, &name.upload_id)?;
                let record = PartRecord {
                    size: staged.size,
                    etag: staged.digests.etag(),
                    modified_ms: now_ms(),
                    blob: transaction.keep(staged.bytes)?,
                    checksum: staged.digests.checksum,
                    sent: staged.digests.sent,
                };
                let replaced = transaction
                    .index
                    .open_table(PARTS)?
                    .insert((name.upload_id.as_str(), number), serde_json::to_vec(&record)?.as_slice())?
                    .map(|replaced| serde_json::from_slice::<PartRecord>(replaced.value()))
                    .transpose()?;
                if let Some(replaced) = replaced {
                    transaction.drop_blob(replaced.blob)?;
                }
                Ok(record)
            })
            .await
    }

    /// Makes the named parts the object, and forgets the others.
    pub(crate) async fn complete_upload(
        &self,
        target: Target,
        upload_id: String,
        named: Vec<NamedPart>,
        expected: Expected,
    ) -> S3Result<ObjectRecord> {
        let notifications = std::sync::Arc::clone(&self.notifications);
        self.writer
            .apply(move |transaction| {
                let upload = match transaction.index.find_upload(&target.bucket, &target.key, &upload_id) {
                    Ok(upload) => upload,
                    Err(failure) => return completed_before(transaction.index, &target, &upload_id, failure),
                };
                let parts = transaction.index.find_parts(&upload_id)?;
                let chosen = choose(&upload, &parts, &named)?;
                let (record, chosen_numbers) = assemble(&upload_id, upload, &chosen, &expected)?;
                let current = transaction.index.look_up_object(&target.bucket, &target.key)?;
                target.conditions.check(current.as_ref())?;

                for (number, part) in parts.iter().filter(|(number, _)| !chosen_numbers.contains(number)) {
                    transaction.index.open_table(PARTS)?.remove((upload_id.as_str(), *number))?;
                    transaction.drop_blob(part.blob)?;
                }
                forget_upload(transaction, &target.bucket, &target.key, &upload_id)?;
                let event = EventKind::CreatedCompleteMultipartUpload;
                replace(transaction, &notifications, &target, current, &record, event)?;
                Ok(record)
            })
            .await
    }

    pub(crate) async fn abort_upload(&self, name: UploadName) -> S3Result<()> {
        self.writer
            .apply(move |transaction| {
                transaction.index.find_upload(&name.bucket, &name.key, &name.upload_id)?;
                forget_upload(transaction, &name.bucket, &name.key, &name.upload_id)?;
                transaction.drop_parts(&name.upload_id)
            })
            .await
    }

    /// An upload and its parts, in the order of their numbers.
    pub(crate) async fn list_parts(
        &self,
        name: UploadName,
    ) -> S3Result<(UploadRecord, Vec<(u16, PartRecord)>)> {
        self.read(move |index| {
            let upload = index.find_upload(&name.bucket, &name.key, &name.upload_id)?;
            Ok((upload, index.find_parts(&name.upload_id)?))
        })
        .await
    }

    /// The parts that an object was completed from; none if it was uploaded whole.
    pub(crate) async fn parts_of(&self, record: &ObjectRecord) -> S3Result<Vec<(u16, PartRecord)>> {
        let Content::Parts { upload_id, .. } = record.content.clone() else { return Ok(Vec::new()) };
        self.read(move |index| index.find_parts(&upload_id)).await
    }

    /// The uploads of a bucket that are neither completed nor aborted, by key and then by the time they were begun.
    pub(crate) async fn list_uploads(
        &self,
        bucket: String,
        prefix: String,
    ) -> S3Result<Vec<(String, String, UploadRecord)>> {
        self.read(move |index| {
            index.find_bucket(&bucket)?;
            let mut uploads = Vec::new();
            for entry in index.open_table(UPLOADS)?.range((bucket.as_str(), prefix.as_str(), "")..)? {
                let (id, record) = entry?;
                let (upload_bucket, key, upload_id) = id.value();
                if upload_bucket != bucket || !key.starts_with(&prefix) {
                    break;
                }
                uploads.push((key.to_owned(), upload_id.to_owned(), serde_json::from_slice(record.value())?));
            }
            Ok(uploads)
        })
        .await
    }
}

/// A part number as the protocol has it.
pub(crate) fn check_part_number(number: i32) -> S3Result<u16> {
    u16::try_from(number).ok().filter(|number| (1..=MAX_PART_NUMBER).contains(number)).ok_or_else(|| {
        refuse(S3ErrorCode::InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive")
    })
}

fn forget_upload(
    transaction: &Transaction<'_>,
    bucket: &str,
    key: &str,
    upload_id: &str,
) -> Result<(), Failure> {
    transaction.index.open_table(UPLOADS)?.remove((bucket, key, upload_id))?;
    Ok(())
}

/// A client that lost the answer to a completion asks again, and S3 then answers the same.
fn completed_before(
    index: &impl Index,
    target: &Target,
    upload_id: &str,
    failure: Failure,
) -> Result<ObjectRecord, Failure> {
    let is_missing =
        matches!(&failure, Failure::Refused(error) if *error.code() == S3ErrorCode::NoSuchUpload);
    let current = if is_missing { index.look_up_object(&target.bucket, &target.key)? } else { None };
    match current {
        Some(record) if matches!(&record.content, Content::Parts { upload_id: id, .. } if id == upload_id) => {
            Ok(record)
        }
        _ => Err(failure),
    }
}

/// The parts that the client named, if they are there, in order, and large enough.
fn choose<'p>(
    upload: &UploadRecord,
    parts: &'p [(u16, PartRecord)],
    named: &[NamedPart],
) -> S3Result<Vec<(u16, &'p PartRecord)>> {
    if named.is_empty() {
        return Err(refuse(S3ErrorCode::MalformedXML, "You must specify at least one part"));
    }
    let ascending = named.iter().zip(named.iter().skip(1)).all(|(one, next)| one.number < next.number);
    if !ascending {
        return Err(refuse(
            S3ErrorCode::InvalidPartOrder,
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
        ));
    }
    let mut chosen = Vec::with_capacity(named.len());
    for name in named {
        let found = parts.iter().find(|(number, _)| i32::from(*number) == name.number);
        let (number, part) = found.filter(|(_, part)| part.etag == name.etag).ok_or_else(invalid_part)?;
        check_part_checksum(upload, name, part)?;
        chosen.push((*number, part));
    }
    if let Some((_, but_last)) = chosen.split_last()
        && but_last.iter().any(|(_, part)| part.size < MIN_PART_BYTES)
    {
        return Err(refuse(
            S3ErrorCode::EntityTooSmall,
            "Your proposed upload is smaller than the minimum allowed size",
        ));
    }
    Ok(chosen)
}

fn check_part_checksum(upload: &UploadRecord, name: &NamedPart, part: &PartRecord) -> S3Result<()> {
    let is_of_part = |algorithm: &Algorithm, value: &str| {
        let known = [Some(&part.checksum), part.sent.as_ref()];
        known.into_iter().flatten().any(|known| known.algorithm == *algorithm && known.value == value)
    };
    match &name.checksum {
        Some((algorithm, value)) if is_of_part(algorithm, value) => Ok(()),
        Some(_) => Err(invalid_part()),
        None if upload.algorithm_chosen && upload.checksum_kind == ChecksumKind::Composite => {
            Err(S3Error::with_message(
                S3ErrorCode::InvalidRequest,
                format!(
                    "The upload was created using a {} checksum. The complete request must include the checksum for \
                     each part. It was missing for part {} in the request.",
                    upload.algorithm.name().to_ascii_lowercase(),
                    name.number
                ),
            ))
        }
        None => Ok(()),
    }
}

fn invalid_part() -> S3Error {
    refuse(
        S3ErrorCode::InvalidPart,
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified \
         entity tag may not match the part's entity tag.",
    )
}

/// The record of the completed object, and the numbers of its parts.
fn assemble(
    upload_id: &str,
    upload: UploadRecord,
    parts: &[(u16, &PartRecord)],
    expected: &Expected,
) -> Result<(ObjectRecord, Vec<u16>), Failure> {
    let size = parts.iter().map(|(_, part)| part.size).sum();
    let checksum = combine(
        upload.algorithm,
        upload.checksum_kind,
        parts.iter().map(|(_, part)| (&part.checksum, part.size)),
    )
    .ok_or_else(|| {
        Failure::broken(format!("the parts of upload {upload_id} have checksums of mixed kinds"))
    })?;
    let etag = multipart_etag(parts.iter().map(|(_, part)| part.etag.as_str()))
        .ok_or_else(|| Failure::broken(format!("a part of upload {upload_id} has an ETag that is no MD5")))?;
    check_expected(expected, size, &checksum)?;
    let record = ObjectRecord {
        size,
        etag,
        modified_ms: now_ms(),
        content: Content::Parts {
            upload_id: upload_id.to_owned(),
            count: u16::try_from(parts.len()).unwrap_or(MAX_PART_NUMBER),
        },
        checksum,
        attributes: upload.attributes,
    };
    Ok((record, parts.iter().map(|(number, _)| *number).collect()))
}

fn check_expected(expected: &Expected, size: u64, checksum: &Checksum) -> S3Result<()> {
    if expected.size.is_some_and(|expected| expected != size) {
        return Err(refuse(
            S3ErrorCode::InvalidRequest,
            "The provided 'x-amz-mp-object-size' header does not match what was computed.",
        ));
    }
    if expected.checksum_kind.is_some_and(|kind| kind != checksum.kind) {
        return Err(refuse(
            S3ErrorCode::InvalidRequest,
            "The checksum type does not match the one that the upload was created with.",
        ));
    }
    match &expected.checksum {
        // A composite checksum may be named with the number of parts or without.
        Some((algorithm, value))
            if *algorithm != checksum.algorithm
                || (*value != checksum.value && Some(value.as_str()) != checksum.value.split('-').next()) =>
        {
            Err(S3Error::with_message(
                S3ErrorCode::BadDigest,
                format!("The {} you specified did not match the calculated checksum.", algorithm.name()),
            ))
        }
        _ => Ok(()),
    }
}
