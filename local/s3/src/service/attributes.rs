//! What a client says about an object, between the protocol's types and the store's.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use s3s::dto::{ETag, ETagCondition, StorageClass, Timestamp, TimestampFormat};
use s3s::{S3ErrorCode, S3Result};
use time::OffsetDateTime;

use crate::store::conditions::{ETags, ReadConditions};
use crate::store::failure::refuse;

/// Bytes: names and values of an object's metadata together.
const MAX_METADATA_BYTES: usize = 2 * 1024;
/// Classes other than the usual one, for a general purpose bucket.
const STORAGE_CLASSES: [&str; 7] = [
    StorageClass::DEEP_ARCHIVE,
    StorageClass::GLACIER,
    StorageClass::GLACIER_IR,
    StorageClass::INTELLIGENT_TIERING,
    StorageClass::ONEZONE_IA,
    StorageClass::REDUCED_REDUNDANCY,
    StorageClass::STANDARD_IA,
];
/// What S3 answers for an object whose type nobody told.
const DEFAULT_CONTENT_TYPE: &str = "binary/octet-stream";

/// Reads the attributes out of a request that writes an object.
macro_rules! attributes_of {
    ($input:expr) => {{
        let metadata = $crate::service::attributes::check_metadata($input.metadata.take())?;
        $crate::store::index::Attributes {
            content_type: Some($crate::service::attributes::content_type($input.content_type.take())),
            cache_control: $input.cache_control.take(),
            content_disposition: $input.content_disposition.take(),
            content_encoding: $crate::service::attributes::content_encoding(
                $input.content_encoding.as_deref(),
            ),
            content_language: $input.content_language.take(),
            expires: $input.expires.take().and_then(|time| $crate::service::attributes::http_date(&time)),
            website_redirect_location: $input.website_redirect_location.take(),
            storage_class: $crate::service::attributes::storage_class($input.storage_class.take())?,
            metadata,
            tags: $input
                .tagging
                .take()
                .as_deref()
                .map_or(Ok(Vec::new()), $crate::store::tagging::parse_tags)?,
        }
    }};
}
pub(super) use attributes_of;

/// Writes the attributes of an object into an answer that sends it.
macro_rules! show_attributes {
    ($output:expr, $attributes:expr) => {{
        let attributes: $crate::store::index::Attributes = $attributes;
        $output.content_type = attributes.content_type;
        $output.cache_control = attributes.cache_control;
        $output.content_disposition = attributes.content_disposition;
        $output.content_encoding = attributes.content_encoding;
        $output.content_language = attributes.content_language;
        $output.expires =
            attributes.expires.as_deref().and_then($crate::service::attributes::parse_http_date);
        $output.website_redirect_location = attributes.website_redirect_location;
        $output.storage_class = attributes.storage_class.map(s3s::dto::StorageClass::from);
        $output.metadata = Some(attributes.metadata.into_iter().collect());
    }};
}
pub(super) use show_attributes;

/// Reads the conditions out of a request that reads an object.
macro_rules! read_conditions {
    ($input:expr) => {
        $crate::service::attributes::conditions_of(
            $input.if_match.take(),
            $input.if_none_match.take(),
            $input.if_modified_since.take(),
            $input.if_unmodified_since.take(),
        )
    };
}
pub(super) use read_conditions;

pub(super) fn conditions_of(
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
    if_modified_since: Option<Timestamp>,
    if_unmodified_since: Option<Timestamp>,
) -> ReadConditions {
    ReadConditions {
        if_match: if_match.map(ETags::from),
        if_none_match: if_none_match.map(ETags::from),
        if_modified_since: if_modified_since.map(seconds),
        if_unmodified_since: if_unmodified_since.map(seconds),
    }
}

pub(super) fn check_metadata(
    metadata: Option<impl IntoIterator<Item = (String, String)>>,
) -> S3Result<BTreeMap<String, String>> {
    let metadata: BTreeMap<_, _> = metadata.into_iter().flatten().collect();
    let bytes: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > MAX_METADATA_BYTES {
        return Err(refuse(
            S3ErrorCode::MetadataTooLarge,
            "Your metadata headers exceed the maximum allowed metadata size",
        ));
    }
    Ok(metadata)
}

/// The class that an object is said to be stored in; nothing for the usual one, which S3 does not show either.
pub(super) fn storage_class(named: Option<StorageClass>) -> S3Result<Option<String>> {
    match named {
        None => Ok(None),
        Some(class) if class.as_str() == StorageClass::STANDARD => Ok(None),
        Some(class) if STORAGE_CLASSES.contains(&class.as_str()) => Ok(Some(class.as_str().to_owned())),
        Some(_) => {
            Err(refuse(S3ErrorCode::InvalidStorageClass, "The storage class you specified is not valid"))
        }
    }
}

pub(super) fn content_type(named: Option<String>) -> String {
    named.filter(|name| !name.is_empty()).unwrap_or_else(|| DEFAULT_CONTENT_TYPE.to_owned())
}

/// The encoding of the object, without `aws-chunked`, which was the encoding of the upload.
pub(super) fn content_encoding(named: Option<&str>) -> Option<String> {
    let kept: Vec<_> = named
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|encoding| !encoding.is_empty() && !encoding.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

pub(super) fn http_date(time: &Timestamp) -> Option<String> {
    let mut text = Vec::new();
    time.format(TimestampFormat::HttpDate, &mut text).ok()?;
    String::from_utf8(text).ok()
}

pub(super) fn parse_http_date(text: &str) -> Option<Timestamp> {
    Timestamp::parse(TimestampFormat::HttpDate, text).ok()
}

/// A time as S3 shows it, in whole seconds.
pub(super) fn timestamp(ms: u64) -> Timestamp {
    Timestamp::from(UNIX_EPOCH + Duration::from_secs(ms / 1_000))
}

/// Seconds since 1970.
fn seconds(time: Timestamp) -> i64 {
    OffsetDateTime::from(time).unix_timestamp()
}

pub(super) fn etag(value: &str) -> ETag {
    ETag::Strong(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_of_the_upload_is_not_the_encoding_of_the_object() {
        let encoding = |named: &str| content_encoding(Some(named));
        assert_eq!(encoding("aws-chunked"), None);
        assert_eq!(encoding("gzip,aws-chunked").as_deref(), Some("gzip"));
        assert_eq!(encoding("aws-chunked, gzip, br").as_deref(), Some("gzip,br"));
        assert_eq!(encoding(""), None);
    }

    #[test]
    fn times_are_whole_seconds() {
        assert_eq!(seconds(timestamp(1_700_000_000_999)), 1_700_000_000);
        assert_eq!(
            http_date(&timestamp(1_700_000_000_000)).as_deref(),
            Some("Tue, 14 Nov 2023 22:13:20 GMT")
        );
    }
}
