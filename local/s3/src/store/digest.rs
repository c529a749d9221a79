//! Digests of what was received: the MD5 that becomes an ETag, and the one checksum that S3 keeps with every object.
//!
//! Facts: "Checking object integrity in Amazon S3" in the S3 User Guide. An upload that names no checksum gets a
//! CRC-64/NVME. A multipart object has either the checksum of all of its bytes (`FULL_OBJECT`) or the checksum of its
//! parts' checksums, followed by their number (`COMPOSITE`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, checksum_combine};
use hex_simd::AsciiCase;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use serde::{Deserialize, Serialize};

/// A checksum algorithm of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    #[serde(rename = "CRC32")]
    Crc32,
    #[serde(rename = "CRC32C")]
    Crc32c,
    #[serde(rename = "CRC64NVME")]
    Crc64Nvme,
    #[serde(rename = "SHA1")]
    Sha1,
    #[serde(rename = "SHA256")]
    Sha256,
}

/// What a checksum covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ChecksumKind {
    #[serde(rename = "FULL_OBJECT")]
    FullObject,
    #[serde(rename = "COMPOSITE")]
    Composite,
}

/// A checksum as S3 stores and shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checksum {
    pub(crate) algorithm: Algorithm,
    pub(crate) kind: ChecksumKind,
    /// Base64; a composite one ends in `-` and the number of parts.
    pub(crate) value: String,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// The name that S3's API uses.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header, or trailer, that carries such a checksum.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    pub(crate) fn from_header(header: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.header().eq_ignore_ascii_case(header))
    }

    /// Bytes of a digest.
    fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// Whether a text could be a checksum of this kind at all.
    pub(crate) fn is_well_formed(self, value: &str) -> bool {
        decode_base64(value).is_some_and(|digest| digest.len() == self.length())
    }

    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }

    /// Whether S3 lets a multipart upload have this pair.
    pub(crate) fn allows(self, kind: ChecksumKind) -> bool {
        match kind {
            ChecksumKind::FullObject => self.crc().is_some(),
            ChecksumKind::Composite => self != Self::Crc64Nvme,
        }
    }

    /// What S3 takes for a multipart upload that names the algorithm alone.
    pub(crate) fn default_kind(self) -> ChecksumKind {
        if self == Self::Crc64Nvme { ChecksumKind::FullObject } else { ChecksumKind::Composite }
    }
}

/// Digests bytes as they pass.
pub(crate) struct Digester {
    md5: Md5,
    kept: Hasher,
    sent: Option<Hasher>,
}

enum Hasher {
    Crc32(Crc32),
    Crc32c(Crc32c),
    Crc64Nvme(Crc64Nvme),
    Sha1(Box<Sha1>),
    Sha256(Box<Sha256>),
}

/// What a [`Digester`] found.
#[derive(Debug, Clone)]
pub(crate) struct Digests {
    pub(crate) md5: [u8; 16],
    /// The checksum that is kept.
    pub(crate) checksum: Checksum,
    /// The checksum of the algorithm that the client used, if that is another one.
    pub(crate) sent: Option<Checksum>,
}

impl Digests {
    /// The MD5 as S3 writes it in ETags.
    pub(crate) fn etag(&self) -> String {
        encode_hex(&self.md5)
    }

    /// The checksum of the algorithm that the client used, or the one that is kept if it used none.
    pub(crate) fn checked(&self) -> &Checksum {
        self.sent.as_ref().unwrap_or(&self.checksum)
    }
}

impl Hasher {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Crc32 => Self::Crc32(Crc32::new()),
            Algorithm::Crc32c => Self::Crc32c(Crc32c::new()),
            Algorithm::Crc64Nvme => Self::Crc64Nvme(Crc64Nvme::new()),
            Algorithm::Sha1 => Self::Sha1(Box::new(Sha1::new())),
            Algorithm::Sha256 => Self::Sha256(Box::new(Sha256::new())),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc32(hasher) => hasher.update(bytes),
            Self::Crc32c(hasher) => hasher.update(bytes),
            Self::Crc64Nvme(hasher) => hasher.update(bytes),
            Self::Sha1(hasher) => hasher.update(bytes),
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> Checksum {
        let (algorithm, value) = match self {
            Self::Crc32(hasher) => (Algorithm::Crc32, encode_base64(&hasher.finalize())),
            Self::Crc32c(hasher) => (Algorithm::Crc32c, encode_base64(&hasher.finalize())),
            Self::Crc64Nvme(hasher) => (Algorithm::Crc64Nvme, encode_base64(&hasher.finalize())),
            Self::Sha1(hasher) => (Algorithm::Sha1, encode_base64(&hasher.finalize())),
            Self::Sha256(hasher) => (Algorithm::Sha256, encode_base64(&hasher.finalize())),
        };
        Checksum { algorithm, kind: ChecksumKind::FullObject, value }
    }
}

impl Digester {
    /// Computes the checksum that is kept, and that which the client used, if it used one.
    pub(crate) fn new(kept: Algorithm, sent: Option<Algorithm>) -> Self {
        let sent = sent.filter(|algorithm| *algorithm != kept).map(Hasher::new);
        Self { md5: Md5::new(), kept: Hasher::new(kept), sent }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.kept.update(bytes);
        if let Some(sent) = &mut self.sent {
            sent.update(bytes);
        }
    }

    pub(crate) fn finish(self) -> Digests {
        Digests {
            md5: self.md5.finalize(),
            checksum: self.kept.finish(),
            sent: self.sent.map(Hasher::finish),
        }
    }
}

/// The digests of bytes already at hand.
pub(crate) fn digest(algorithm: Algorithm, bytes: &[u8]) -> Digests {
    let mut digester = Digester::new(algorithm, None);
    digester.update(bytes);
    digester.finish()
}

/// The ETag of a multipart object: the MD5 of its parts' MD5s, and their number. None if a part's ETag is no MD5.
pub(crate) fn multipart_etag<'a>(etags: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut md5 = Md5::new();
    let mut count = 0_u32;
    for etag in etags {
        md5.update(&decode_hex(etag)?);
        count += 1;
    }
    Some(format!("{}-{count}", encode_hex(&md5.finalize())))
}

/// The checksum of a multipart object from those of its parts, each with the part's length in bytes, without reading
/// the parts again. None if a part's checksum is of another algorithm, or cannot be combined in this way.
pub(crate) fn combine<'a>(
    algorithm: Algorithm,
    kind: ChecksumKind,
    parts: impl Iterator<Item = (&'a Checksum, u64)>,
) -> Option<Checksum> {
    let value = match kind {
        ChecksumKind::Composite => {
            let mut hasher = Hasher::new(algorithm);
            let mut count = 0_u32;
            for (checksum, _) in parts {
                hasher.update(&decode_part(algorithm, checksum)?);
                count += 1;
            }
            format!("{}-{count}", hasher.finish().value)
        }
        ChecksumKind::FullObject => {
            let crc = algorithm.crc()?;
            let mut whole = 0;
            for (index, (checksum, length)) in parts.enumerate() {
                let part = decode_part(algorithm, checksum)?
                    .iter()
                    .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
                whole = if index == 0 { part } else { checksum_combine(crc, whole, part, length) };
            }
            let bytes = whole.to_be_bytes();
            encode_base64(bytes.get(bytes.len() - algorithm.length()..)?)
        }
    };
    Some(Checksum { algorithm, kind, value })
}

fn decode_part(algorithm: Algorithm, checksum: &Checksum) -> Option<Vec<u8>> {
    (checksum.algorithm == algorithm).then(|| decode_base64(&checksum.value))?
}

pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

pub(crate) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    hex_simd::decode_to_vec(text).ok()
}

pub(crate) fn encode_hex(bytes: &[u8]) -> String {
    hex_simd::encode_to_string(bytes, AsciiCase::Lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_gives_the_check_value_of_its_specification() {
        let expected = [
            (Algorithm::Crc32, "y/Q5Jg=="),
            (Algorithm::Crc32c, "4waSgw=="),
            (Algorithm::Crc64Nvme, "rosUhgp5mIg="),
            (Algorithm::Sha1, "98O8HYCOBHMq32eZZczDTKeuNEE="),
            (Algorithm::Sha256, "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
        ];
        for (algorithm, value) in expected {
            let digests = digest(algorithm, b"123456789");
            assert_eq!(digests.checksum.value, value, "{algorithm:?}");
            assert_eq!(digests.etag(), "25f9e794323b453885f5181f1b624d0b");
            assert!(algorithm.is_well_formed(value));
            assert!(!algorithm.is_well_formed("AAA="));
        }
    }

    #[test]
    fn a_full_object_checksum_is_combined_from_the_parts_checksums() {
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            let parts = [b"hello, ".as_slice(), b"", b"world", b"!"];
            let checksums: Vec<_> =
                parts.iter().map(|part| (digest(algorithm, part).checksum, part.len() as u64)).collect();
            let combined =
                combine(algorithm, ChecksumKind::FullObject, checksums.iter().map(|(sum, len)| (sum, *len)));
            assert_eq!(combined, Some(digest(algorithm, b"hello, world!").checksum));
        }
    }

    #[test]
    fn a_composite_checksum_is_the_checksum_of_checksums_and_their_number() {
        let parts = [digest(Algorithm::Sha256, b"a").checksum, digest(Algorithm::Sha256, b"b").checksum];
        let combined =
            combine(Algorithm::Sha256, ChecksumKind::Composite, parts.iter().map(|sum| (sum, 1))).unwrap();
        let digests: Vec<u8> = parts.iter().flat_map(|sum| decode_base64(&sum.value).unwrap()).collect();
        assert_eq!(combined.value, format!("{}-2", digest(Algorithm::Sha256, &digests).checksum.value));
    }

    #[test]
    fn checksums_that_are_not_crcs_cannot_be_combined_into_one_of_the_whole() {
        let part = digest(Algorithm::Sha1, b"a").checksum;
        assert_eq!(combine(Algorithm::Sha1, ChecksumKind::FullObject, [(&part, 1)].into_iter()), None);
        assert_eq!(combine(Algorithm::Crc32, ChecksumKind::FullObject, [(&part, 1)].into_iter()), None);
    }

    #[test]
    fn a_multipart_etag_is_the_md5_of_md5s_and_their_number() {
        let etag = encode_hex(&digest(Algorithm::Crc32, b"a").md5);
        assert_eq!(
            multipart_etag([etag.as_str(), etag.as_str()].into_iter()).unwrap(),
            format!(
                "{}-2",
                encode_hex(&digest(Algorithm::Crc32, &[digest(Algorithm::Crc32, b"a").md5; 2].concat()).md5)
            )
        );
        assert_eq!(multipart_etag(["no md5"].into_iter()), None);
    }
}
