//! Receiving bytes: to memory while they are few, to a file of the blob folder once they are not, and checked against
//! everything that the client promised about them before anything else learns that they exist.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use s3s::{S3Error, S3ErrorCode, S3Result, StdError, TrailingHeaders};

use super::blobs::{Blobs, StagedFile};
use super::digest::{Algorithm, Digester, Digests, decode_base64};
use super::failure::{Failure, refuse};
use super::writer::StagedBytes;
use super::{Store, off_runtime};

/// Bytes: what is smaller lives in the index, where it costs no file and shares its flush with others.
const MAX_INLINE_BYTES: usize = 64 * 1024;
/// Bytes handed to the disk at a time.
const BLOCK_BYTES: usize = 1024 * 1024;
/// Bytes: the largest object that S3 takes in one request.
pub(crate) const MAX_UPLOAD_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// What a client says about the bytes that it sends.
#[derive(Debug, Default)]
pub(crate) struct Promise {
    pub(crate) length: Option<u64>,
    /// `Content-MD5`, in Base64.
    pub(crate) md5: Option<String>,
    pub(crate) checksum: PromisedChecksum,
    /// The algorithm of the checksum to keep, if it is not to be the client's choice.
    pub(crate) kept: Option<Algorithm>,
}

/// Where the client's checksum is to be found.
#[derive(Debug, Default)]
pub(crate) enum PromisedChecksum {
    /// Nowhere.
    #[default]
    None,
    /// In a header.
    Known(Algorithm, String),
    /// After the bytes.
    Trailing(Algorithm, TrailingHeaders),
}

impl PromisedChecksum {
    /// The algorithm that the client named in any way.
    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        match self {
            Self::None => None,
            Self::Known(algorithm, _) | Self::Trailing(algorithm, _) => Some(*algorithm),
        }
    }
}

/// Bytes that have arrived and kept every promise.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) bytes: StagedBytes,
    pub(crate) size: u64,
    pub(crate) digests: Digests,
}

impl Store {
    /// Receives an upload. Whatever goes wrong, nothing of it is left.
    pub(crate) async fn stage<S>(&self, body: S, promise: Promise) -> S3Result<Staged>
    where
        S: Stream<Item = Result<Bytes, StdError>> + Send + Unpin,
    {
        let promised_md5 = promise.md5.as_deref().map(parse_md5).transpose()?;
        let sent = promise.checksum.algorithm();
        let kept = promise.kept.or(sent).unwrap_or(Algorithm::Crc64Nvme);
        if let PromisedChecksum::Known(algorithm, value) = &promise.checksum
            && !algorithm.is_well_formed(value)
        {
            return Err(malformed_checksum(*algorithm));
        }
        let limit = promise.length.unwrap_or(MAX_UPLOAD_BYTES);
        if limit > MAX_UPLOAD_BYTES {
            return Err(too_large());
        }

        let received = self.receive(body, Digester::new(kept, sent), limit, promise.length.is_some()).await?;

        if promise.length.is_some_and(|length| length != received.size) {
            return Err(incomplete());
        }
        if promised_md5.is_some_and(|md5| md5 != received.digests.md5) {
            return Err(refuse(
                S3ErrorCode::BadDigest,
                "The Content-MD5 you specified did not match what we received.",
            ));
        }
        check_checksum(&promise.checksum, &received.digests)?;
        received.settle().await
    }

    async fn receive<S>(
        &self,
        mut body: S,
        digester: Digester,
        limit: u64,
        limit_is_promise: bool,
    ) -> S3Result<Received>
    where
        S: Stream<Item = Result<Bytes, StdError>> + Send + Unpin,
    {
        let mut sink = Sink { blobs: Arc::clone(&self.blobs), digester, file: None };
        let mut pending = Vec::new();
        let mut size = 0_u64;
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(broken_body)?;
            size += chunk.len() as u64;
            if size > limit {
                return Err(if limit_is_promise { incomplete() } else { too_large() });
            }
            pending.extend_from_slice(&chunk);
            let threshold = if sink.file.is_some() { BLOCK_BYTES } else { MAX_INLINE_BYTES + 1 };
            if pending.len() >= threshold {
                (sink, pending) = off_runtime(move || sink.write(pending)).await?;
            }
        }
        sink.digester.update(&pending);
        Ok(Received { file: sink.file, pending, size, digests: sink.digester.finish() })
    }
}

/// Where bytes go once they are too many for memory.
struct Sink {
    blobs: Arc<Blobs>,
    digester: Digester,
    file: Option<(File, StagedFile)>,
}

impl Sink {
    /// Writes a block, and gives back its buffer, emptied.
    fn write(mut self, mut block: Vec<u8>) -> Result<(Self, Vec<u8>), Failure> {
        self.digester.update(&block);
        let (file, _) = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(self.blobs.create()?),
        };
        file.write_all(&block)?;
        block.clear();
        Ok((self, block))
    }
}

/// Everything has arrived; a last block may not have been written.
struct Received {
    file: Option<(File, StagedFile)>,
    pending: Vec<u8>,
    size: u64,
    digests: Digests,
}

impl Received {
    /// Makes the bytes durable.
    async fn settle(self) -> S3Result<Staged> {
        let Self { file, pending, size, digests } = self;
        let bytes = match file {
            None => StagedBytes::Inline(pending),
            Some((mut file, staged)) => {
                off_runtime(move || {
                    file.write_all(&pending)?;
                    file.sync_all()?;
                    staged.sync_name()?;
                    Ok(StagedBytes::File(staged))
                })
                .await?
            }
        };
        Ok(Staged { bytes, size, digests })
    }
}

fn parse_md5(text: &str) -> S3Result<[u8; 16]> {
    decode_base64(text)
        .and_then(|digest| digest.try_into().ok())
        .ok_or_else(|| refuse(S3ErrorCode::InvalidDigest, "The Content-MD5 you specified was invalid."))
}

fn check_checksum(promised: &PromisedChecksum, found: &Digests) -> S3Result<()> {
    let (algorithm, value) = match promised {
        PromisedChecksum::None => return Ok(()),
        PromisedChecksum::Known(algorithm, value) => (*algorithm, Some(value.clone())),
        PromisedChecksum::Trailing(algorithm, trailers) => {
            let value = trailers.read(|trailers| {
                trailers.get(algorithm.header()).and_then(|value| value.to_str().ok()).map(str::to_owned)
            });
            (*algorithm, value.flatten())
        }
    };
    match value {
        Some(value) if value == found.checked().value => Ok(()),
        Some(value) if !algorithm.is_well_formed(&value) => Err(malformed_checksum(algorithm)),
        Some(_) => Err(S3Error::with_message(
            S3ErrorCode::BadDigest,
            format!("The {} you specified did not match the calculated checksum.", algorithm.name()),
        )),
        None => Err(S3Error::with_message(
            S3ErrorCode::InvalidRequest,
            format!("The request promised the trailer {} and ended without it.", algorithm.header()),
        )),
    }
}

fn malformed_checksum(algorithm: Algorithm) -> S3Error {
    S3Error::with_message(
        S3ErrorCode::InvalidRequest,
        format!("Value for {} header is invalid.", algorithm.header()),
    )
}

fn incomplete() -> S3Error {
    refuse(
        S3ErrorCode::IncompleteBody,
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )
}

fn too_large() -> S3Error {
    refuse(S3ErrorCode::EntityTooLarge, "Your proposed upload exceeds the maximum allowed size")
}

/// What it means that a body could not be read to its end.
///
/// The protocol layer checks signatures of chunks, and the SHA-256 of the whole, while the body passes, and reports
/// either as an error of the stream whose type it keeps to itself. Its message is all there is to tell them apart by.
fn broken_body(error: StdError) -> S3Error {
    // Our own disk, when an object is copied from it.
    if error.is::<std::io::Error>() {
        return Failure::Broken(error).into();
    }
    let text = error.to_string();
    let mut refusal = if text.contains("Sha256Mismatch") {
        refuse(
            S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into()),
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    } else if text.contains("SignatureMismatch") {
        refuse(S3ErrorCode::SignatureDoesNotMatch, "The signature of a chunk of the body does not match.")
    } else if text.contains("FormatError") || text.contains("TooLarge") {
        refuse(S3ErrorCode::InvalidRequest, "The body is not valid aws-chunked encoding.")
    } else {
        incomplete()
    };
    if matches!(refusal.code(), S3ErrorCode::Custom(_)) {
        refusal.set_status_code(http::StatusCode::BAD_REQUEST);
    }
    refusal.set_source(error);
    refusal
}
