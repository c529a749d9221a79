//! Checksums between the protocol's types, which have a field for each algorithm, and the store's, which have one.

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, HeaderName};
use s3s::{S3Error, S3ErrorCode, S3Result, TrailingHeaders, dto};

use crate::store::digest::{Algorithm, Checksum, ChecksumKind, digest, encode_base64};
use crate::store::failure::refuse;
use crate::store::staging::{Promise, PromisedChecksum};

const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");
const TRAILER: HeaderName = HeaderName::from_static("x-amz-trailer");
const SDK_ALGORITHM: HeaderName = HeaderName::from_static("x-amz-sdk-checksum-algorithm");

/// Fills the checksum fields of an answer.
macro_rules! show_checksum {
    ($output:expr, $checksum:expr) => {{
        let checksum: &$crate::store::digest::Checksum = $checksum;
        let value = Some(checksum.value.clone());
        match checksum.algorithm {
            $crate::store::digest::Algorithm::Crc32 => $output.checksum_crc32 = value,
            $crate::store::digest::Algorithm::Crc32c => $output.checksum_crc32c = value,
            $crate::store::digest::Algorithm::Crc64Nvme => $output.checksum_crc64nvme = value,
            $crate::store::digest::Algorithm::Sha1 => $output.checksum_sha1 = value,
            $crate::store::digest::Algorithm::Sha256 => $output.checksum_sha256 = value,
        }
    }};
}
pub(super) use show_checksum;

/// The one checksum that a request's fields name, if they name one.
macro_rules! named_checksum {
    ($input:expr) => {
        $crate::service::checksums::only_one([
            ($crate::store::digest::Algorithm::Crc32, $input.checksum_crc32.clone()),
            ($crate::store::digest::Algorithm::Crc32c, $input.checksum_crc32c.clone()),
            ($crate::store::digest::Algorithm::Crc64Nvme, $input.checksum_crc64nvme.clone()),
            ($crate::store::digest::Algorithm::Sha1, $input.checksum_sha1.clone()),
            ($crate::store::digest::Algorithm::Sha256, $input.checksum_sha256.clone()),
        ])
    };
}
pub(super) use named_checksum;

pub(super) fn only_one(fields: [(Algorithm, Option<String>); 5]) -> S3Result<Option<(Algorithm, String)>> {
    let mut named = fields.into_iter().filter_map(|(algorithm, value)| Some((algorithm, value?)));
    match (named.next(), named.next()) {
        (first, None) => Ok(first),
        _ => Err(refuse(
            S3ErrorCode::InvalidRequest,
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        )),
    }
}

/// What the headers of an upload promise about its body.
pub(super) fn promise(headers: &HeaderMap, trailers: Option<TrailingHeaders>) -> S3Result<Promise> {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let length = text(&HeaderName::from_static("x-amz-decoded-content-length"))
        .or_else(|| text(&CONTENT_LENGTH))
        .and_then(|length| length.trim().parse().ok())
        .ok_or_else(|| {
            refuse(S3ErrorCode::MissingContentLength, "You must provide the Content-Length HTTP header.")
        })?;
    Ok(Promise {
        length: Some(length),
        md5: text(&CONTENT_MD5),
        checksum: promised_checksum(headers, trailers)?,
        kept: None,
    })
}

fn promised_checksum(headers: &HeaderMap, trailers: Option<TrailingHeaders>) -> S3Result<PromisedChecksum> {
    let named = only_one(Algorithm::ALL.map(|algorithm| {
        (algorithm, headers.get(algorithm.header()).and_then(|value| value.to_str().ok()).map(str::to_owned))
    }))?;
    if let Some((algorithm, value)) = named {
        return Ok(PromisedChecksum::Known(algorithm, value));
    }
    let trailing = headers
        .get(TRAILER)
        .and_then(|value| value.to_str().ok())
        .and_then(|names| names.split(',').find_map(|name| Algorithm::from_header(name.trim())));
    match (trailing, trailers) {
        (Some(algorithm), Some(trailers)) => return Ok(PromisedChecksum::Trailing(algorithm, trailers)),
        (Some(_), None) => {
            return Err(refuse(
                S3ErrorCode::InvalidRequest,
                "A trailer was promised, which only a body in aws-chunked encoding can have.",
            ));
        }
        (None, _) => {}
    }
    if headers.contains_key(SDK_ALGORITHM) {
        return Err(refuse(
            S3ErrorCode::InvalidRequest,
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were \
             found.",
        ));
    }
    Ok(PromisedChecksum::None)
}

/// Holds a body that was read as a whole against the digests in its headers, one of which S3 insists on.
pub(super) fn check_body(headers: &HeaderMap, body: &[u8]) -> S3Result<()> {
    if let Some(md5) = headers.get(CONTENT_MD5) {
        let found = encode_base64(&digest(Algorithm::Crc32, body).md5);
        if md5.as_bytes() == found.as_bytes() {
            return Ok(());
        }
        return Err(refuse(
            S3ErrorCode::BadDigest,
            "The Content-MD5 you specified did not match what we received.",
        ));
    }
    match promised_checksum(headers, None)? {
        PromisedChecksum::Known(algorithm, value) if digest(algorithm, body).checksum.value == value => {
            Ok(())
        }
        PromisedChecksum::Known(algorithm, _) => Err(S3Error::with_message(
            S3ErrorCode::BadDigest,
            format!("The {} you specified did not match the calculated checksum.", algorithm.name()),
        )),
        _ => Err(refuse(
            S3ErrorCode::InvalidRequest,
            "Missing required header for this request: Content-MD5 or a x-amz-checksum-* header",
        )),
    }
}

pub(super) fn parse_algorithm(algorithm: &dto::ChecksumAlgorithm) -> S3Result<Algorithm> {
    Algorithm::from_name(algorithm.as_str()).ok_or_else(|| {
        refuse(
            S3ErrorCode::InvalidRequest,
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, \
             CRC64NVME, SHA1, SHA256]",
        )
    })
}

pub(super) fn parse_kind(kind: &dto::ChecksumType) -> S3Result<ChecksumKind> {
    match kind.as_str() {
        dto::ChecksumType::COMPOSITE => Ok(ChecksumKind::Composite),
        dto::ChecksumType::FULL_OBJECT => Ok(ChecksumKind::FullObject),
        _ => Err(refuse(S3ErrorCode::InvalidRequest, "A checksum type is FULL_OBJECT or COMPOSITE.")),
    }
}

pub(super) fn show_algorithm(algorithm: Algorithm) -> dto::ChecksumAlgorithm {
    dto::ChecksumAlgorithm::from_static(algorithm.name())
}

pub(super) fn show_kind(kind: ChecksumKind) -> dto::ChecksumType {
    dto::ChecksumType::from_static(match kind {
        ChecksumKind::Composite => dto::ChecksumType::COMPOSITE,
        ChecksumKind::FullObject => dto::ChecksumType::FULL_OBJECT,
    })
}

/// All of a checksum, as `GetObjectAttributes` shows it.
pub(super) fn show_whole(checksum: &Checksum) -> dto::Checksum {
    let mut shown = dto::Checksum { checksum_type: Some(show_kind(checksum.kind)), ..Default::default() };
    show_checksum!(shown, checksum);
    shown
}
