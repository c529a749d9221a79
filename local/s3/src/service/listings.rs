//! Listings of objects, in both versions of the operation.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{
    CommonPrefix, EncodingType, ListObjectVersionsInput, ListObjectVersionsOutput, ListObjectsInput,
    ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, Object, ObjectStorageClass, ObjectVersion,
    ObjectVersionStorageClass,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::attributes::{etag, timestamp};
use super::checksums::{show_algorithm, show_kind};
use super::operations::{Operations, owner};
use super::reads::page_size;
use crate::store::digest::{decode_base64, encode_base64};
use crate::store::failure::refuse;
use crate::store::index::ObjectRecord;
use crate::store::listing::{Listing, Page};

/// The version of an object that has no other.
const NO_VERSION: &str = "null";
/// What `encoding-type=url` leaves as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

impl Operations {
    pub(super) async fn list_v1(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = request.input;
        let encoding = Encoding::of(input.encoding_type.as_ref())?;
        let max_entries = page_size(input.max_keys)?;
        let prefix = input.prefix.unwrap_or_default();
        let marker = input.marker.unwrap_or_default();
        let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
        let page = self
            .store
            .list(Listing {
                bucket: input.bucket.clone(),
                prefix: prefix.clone(),
                delimiter: delimiter.clone(),
                after: Some(marker.clone()).filter(|marker| !marker.is_empty()),
                max_entries,
            })
            .await?;
        Ok(S3Response::new(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(encoding.apply(&prefix)),
            marker: Some(encoding.apply(&marker)),
            max_keys: i32::try_from(max_entries).ok(),
            is_truncated: Some(page.next.is_some()),
            // Without a delimiter, clients go on from the last key.
            next_marker: page
                .next
                .as_deref()
                .filter(|_| delimiter.is_some())
                .map(|next| encoding.apply(next)),
            delimiter: delimiter.map(|delimiter| encoding.apply(&delimiter)),
            encoding_type: input.encoding_type,
            common_prefixes: show_prefixes(&page, encoding),
            contents: show_objects(page, encoding, true),
            request_charged: None,
        }))
    }

    pub(super) async fn list_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let encoding = Encoding::of(input.encoding_type.as_ref())?;
        let max_entries = page_size(input.max_keys)?;
        let prefix = input.prefix.unwrap_or_default();
        let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
        let after = match &input.continuation_token {
            Some(token) => Some(read_token(token)?),
            None => input.start_after.clone().filter(|after| !after.is_empty()),
        };
        let page = self
            .store
            .list(Listing {
                bucket: input.bucket.clone(),
                prefix: prefix.clone(),
                delimiter: delimiter.clone(),
                after,
                max_entries,
            })
            .await?;
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(encoding.apply(&prefix)),
            max_keys: i32::try_from(max_entries).ok(),
            key_count: i32::try_from(page.objects.len() + page.common_prefixes.len()).ok(),
            continuation_token: input.continuation_token,
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next.as_deref().map(write_token),
            delimiter: delimiter.map(|delimiter| encoding.apply(&delimiter)),
            encoding_type: input.encoding_type,
            start_after: input.start_after.map(|after| encoding.apply(&after)),
            common_prefixes: show_prefixes(&page, encoding),
            contents: show_objects(page, encoding, input.fetch_owner == Some(true)),
            request_charged: None,
        }))
    }

    /// The versions of objects: one each, which has no name.
    pub(super) async fn list_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        let input = request.input;
        let encoding = Encoding::of(input.encoding_type.as_ref())?;
        let max_entries = page_size(input.max_keys)?;
        let prefix = input.prefix.unwrap_or_default();
        let marker = input.key_marker.unwrap_or_default();
        let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
        let page = self
            .store
            .list(Listing {
                bucket: input.bucket.clone(),
                prefix: prefix.clone(),
                delimiter: delimiter.clone(),
                after: Some(marker.clone()).filter(|marker| !marker.is_empty()),
                max_entries,
            })
            .await?;
        Ok(S3Response::new(ListObjectVersionsOutput {
            name: Some(input.bucket),
            prefix: Some(encoding.apply(&prefix)),
            key_marker: Some(encoding.apply(&marker)),
            version_id_marker: Some(input.version_id_marker.unwrap_or_default()),
            max_keys: i32::try_from(max_entries).ok(),
            is_truncated: Some(page.next.is_some()),
            next_key_marker: page.next.as_deref().map(|next| encoding.apply(next)),
            next_version_id_marker: page.next.as_ref().map(|_| NO_VERSION.to_owned()),
            delimiter: delimiter.map(|delimiter| encoding.apply(&delimiter)),
            encoding_type: input.encoding_type,
            common_prefixes: show_prefixes(&page, encoding),
            versions: show_versions(page, encoding),
            delete_markers: None,
            request_charged: None,
        }))
    }
}

/// How names are written: XML cannot carry every character that a key may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    Url,
}

impl Encoding {
    pub(super) fn of(named: Option<&EncodingType>) -> S3Result<Self> {
        match named.map(EncodingType::as_str) {
            None => Ok(Self::Plain),
            Some(EncodingType::URL) => Ok(Self::Url),
            Some(_) => {
                Err(refuse(S3ErrorCode::InvalidArgument, "Invalid Encoding Method specified in Request"))
            }
        }
    }

    pub(super) fn apply(self, name: &str) -> String {
        match self {
            Self::Plain => name.to_owned(),
            Self::Url => utf8_percent_encode(name, PLAIN).to_string(),
        }
    }
}

/// A token for clients to hand back: opaque to them, and safe in a query string.
fn write_token(last: &str) -> String {
    format!("1{}", encode_base64(last.as_bytes()))
}

fn read_token(token: &str) -> S3Result<String> {
    let last =
        token.strip_prefix('1').and_then(decode_base64).and_then(|bytes| String::from_utf8(bytes).ok());
    last.filter(|last| !last.is_empty())
        .ok_or_else(|| refuse(S3ErrorCode::InvalidArgument, "The continuation token provided is incorrect"))
}

fn show_prefixes(page: &Page, encoding: Encoding) -> Option<Vec<CommonPrefix>> {
    let show = |prefix: &String| CommonPrefix { prefix: Some(encoding.apply(prefix)) };
    (!page.common_prefixes.is_empty()).then(|| page.common_prefixes.iter().map(show).collect())
}

fn show_objects(page: Page, encoding: Encoding, with_owner: bool) -> Option<Vec<Object>> {
    let show = |(key, record): (String, ObjectRecord)| Object {
        key: Some(encoding.apply(&key)),
        e_tag: Some(etag(&record.etag)),
        size: i64::try_from(record.size).ok(),
        last_modified: Some(timestamp(record.modified_ms)),
        storage_class: Some(record.attributes.storage_class.map_or_else(
            || ObjectStorageClass::from_static(ObjectStorageClass::STANDARD),
            ObjectStorageClass::from,
        )),
        checksum_algorithm: Some(vec![show_algorithm(record.checksum.algorithm)]),
        checksum_type: Some(show_kind(record.checksum.kind)),
        owner: with_owner.then(owner),
        restore_status: None,
    };
    (!page.objects.is_empty()).then(|| page.objects.into_iter().map(show).collect())
}

fn show_versions(page: Page, encoding: Encoding) -> Option<Vec<ObjectVersion>> {
    let show = |(key, record): (String, ObjectRecord)| ObjectVersion {
        key: Some(encoding.apply(&key)),
        version_id: Some(NO_VERSION.to_owned()),
        is_latest: Some(true),
        e_tag: Some(etag(&record.etag)),
        size: i64::try_from(record.size).ok(),
        last_modified: Some(timestamp(record.modified_ms)),
        storage_class: Some(record.attributes.storage_class.map_or_else(
            || ObjectVersionStorageClass::from_static(ObjectVersionStorageClass::STANDARD),
            ObjectVersionStorageClass::from,
        )),
        checksum_algorithm: Some(vec![show_algorithm(record.checksum.algorithm)]),
        checksum_type: Some(show_kind(record.checksum.kind)),
        owner: Some(owner()),
        restore_status: None,
    };
    (!page.objects.is_empty()).then(|| page.objects.into_iter().map(show).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_carry_any_name_and_nothing_else_is_one() {
        let name = "ünï/日本 😀\u{1}/";
        assert_eq!(read_token(&write_token(name)).unwrap(), name);
        for token in ["", "1", "2YQ==", "1!", "1/w=="] {
            assert!(read_token(token).is_err(), "{token}");
        }
    }

    #[test]
    fn names_are_encoded_so_that_every_client_decodes_them_alike() {
        assert_eq!(Encoding::Url.apply("a b+c/\u{1}%.jpg"), "a%20b%2Bc/%01%25.jpg");
        assert_eq!(Encoding::Plain.apply("a b+c"), "a b+c");
    }
}
