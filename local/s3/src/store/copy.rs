//! Copies. An object of one blob is copied by giving its file a second name, so a copy of any size is instant and the
//! two live and die apart. One of several parts is read and written again, as S3 does too: its copy has a plain MD5 as
//! its ETag.

use std::sync::Arc;

use futures::TryStreamExt as _;
use redb::ReadableDatabase as _;
use s3s::{S3Result, StdError};

use super::blobs::{BlobId, PinnedFiles};
use super::conditions::{Freshness, ReadConditions};
use super::digest::{Algorithm, Digests, decode_hex};
use super::failure::{Failure, precondition_failed};
use super::index::{Blob, Content, Index as _, ObjectRecord};
use super::reading::{Reader, Wanted};
use super::staging::{Promise, Staged};
use super::writer::StagedBytes;
use super::{Store, off_runtime};

/// Where to copy from.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) conditions: ReadConditions,
}

impl Store {
    /// Stages the bytes of an object for a second use, with a checksum of the wanted algorithm, or of the source's own.
    pub(crate) async fn stage_copy(
        &self,
        source: Source,
        algorithm: Option<Algorithm>,
    ) -> S3Result<(ObjectRecord, Staged)> {
        let (database, blobs) = (Arc::clone(&self.database), Arc::clone(&self.blobs));
        let Source { bucket, key, conditions } = source.clone();
        let found: (ObjectRecord, Option<Staged>) = off_runtime(move || {
            let (found, files) = blobs.pin(|| {
                let index = database.begin_read()?;
                let record = index.find_object(&bucket, &key)?;
                conditions.check_source(&record)?;
                let bytes = match &record.content {
                    Content::Whole(Blob::Inline(id)) => Some(Original::Inline(index.find_inline(*id)?)),
                    Content::Whole(Blob::File(id)) => Some(Original::File(*id)),
                    Content::Parts { .. } => None,
                };
                let files = bytes.iter().filter_map(Original::file).collect();
                Ok::<_, Failure>(((record, bytes), files))
            })?;
            let (record, bytes) = found;
            let known = digests_of(&record, algorithm);
            let staged = match (bytes, known) {
                (Some(bytes), Some(digests)) => {
                    Some(Staged { bytes: bytes.duplicate(&files)?, size: record.size, digests })
                }
                _ => None,
            };
            Ok((record, staged))
        })
        .await?;
        match found {
            (record, Some(staged)) => Ok((record, staged)),
            (_, None) => self.restage(source, Wanted::All, algorithm).await,
        }
    }

    /// Stages bytes of an object by reading them and writing them again.
    pub(crate) async fn restage(
        &self,
        source: Source,
        wanted: Wanted,
        algorithm: Option<Algorithm>,
    ) -> S3Result<(ObjectRecord, Staged)> {
        let Source { bucket, key, conditions } = source;
        let opened = self.open_object(bucket, key, conditions, wanted).await?;
        if opened.freshness == Freshness::NotModified {
            return Err(precondition_failed());
        }
        let algorithm = algorithm.unwrap_or(opened.record.checksum.algorithm);
        let promise = Promise {
            length: Some(opened.span.end - opened.span.start),
            kept: Some(algorithm),
            ..Promise::default()
        };
        let staged = self.stage_reader(opened.reader, promise).await?;
        Ok((opened.record, staged))
    }

    async fn stage_reader(&self, reader: Reader, promise: Promise) -> S3Result<Staged> {
        let stream = reader.into_stream().map_err(|error| Box::new(error) as StdError);
        self.stage(Box::pin(stream), promise).await
    }
}

/// The bytes of a whole object.
enum Original {
    Inline(Vec<u8>),
    File(BlobId),
}

impl Original {
    fn file(&self) -> Option<BlobId> {
        match self {
            Self::Inline(_) => None,
            Self::File(id) => Some(*id),
        }
    }

    fn duplicate(self, files: &PinnedFiles) -> Result<StagedBytes, Failure> {
        Ok(match self {
            Self::Inline(bytes) => StagedBytes::Inline(bytes),
            Self::File(id) => StagedBytes::File(files.duplicate(id)?),
        })
    }
}

/// The digests of an object, if its record tells them: it does unless another algorithm is asked for.
fn digests_of(record: &ObjectRecord, algorithm: Option<Algorithm>) -> Option<Digests> {
    if algorithm.is_some_and(|algorithm| algorithm != record.checksum.algorithm) {
        return None;
    }
    let md5 = decode_hex(&record.etag)?.try_into().ok()?;
    Some(Digests { md5, checksum: record.checksum.clone(), sent: None })
}
