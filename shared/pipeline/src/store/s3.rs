//! [`Store`] over the AWS SDK.

mod download;
mod files;
mod links;

use std::collections::HashMap;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::{ByteStream, DateTimeFormat};
use aws_sdk_s3::types::{EncodingType, StorageClass};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use futures::stream;
use percent_encoding::percent_decode_str;

use super::{
    Attributes, Body, Condition, ETag, Entry, ErrorKind, Listing, META_RECIPE, META_SOURCE_ETAG, NewObject,
    Object, Page, Read, Stamp, Store, StoreError, Written,
};

use crate::naming::{Naming, named};

pub use links::PresignError;

/// Time to connect. S3 in the same region answers in a few milliseconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Time to the first byte of an answer, after which the SDK tries again.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// An S3 client, made once per process: connections and credentials are kept between invocations.
#[derive(Clone, Debug)]
pub struct S3Store {
    client: Client,
}

impl S3Store {
    /// A client from the environment: credentials, region and endpoint as AWS's SDKs find them, `AWS_ENDPOINT_URL` included.
    pub async fn from_environment() -> S3Store {
        S3Store::new(&configuration().await)
    }

    /// A client from a configuration made elsewhere.
    pub fn new(config: &SdkConfig) -> S3Store {
        // A bucket's name as a host name is AWS's; an endpoint of one's own has but one address.
        let path_style = config.endpoint_url().is_some();
        let config = aws_sdk_s3::config::Builder::from(config).force_path_style(path_style).build();
        S3Store { client: Client::from_conf(config) }
    }
}

/// What AWS's SDKs find in the environment, with the timeouts that suit a function.
pub(crate) async fn configuration() -> SdkConfig {
    let http =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT).build();
    aws_config::defaults(BehaviorVersion::latest()).http_client(http).timeout_config(timeouts).load().await
}

impl Store for S3Store {
    async fn list(&self, bucket: &str, prefix: &str) -> Result<Listing, StoreError> {
        // Keys may hold characters that XML does not, so they come encoded.
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .delimiter("/")
            .encoding_type(EncodingType::Url)
            .into_paginator()
            .send();
        let request = Request { operation: "ListObjectsV2", bucket, key: prefix };
        let mut objects = Vec::new();
        while let Some(page) = pages.next().await {
            for object in page.map_err(|error| request.failed(&error))?.contents.unwrap_or_default() {
                let (Some(key), Some(etag)) = (object.key, object.e_tag) else {
                    return Err(request.error(ErrorKind::Refused, "an object without key or ETag".to_owned()));
                };
                objects.push((request.decoded(&key)?, ETag::new(&etag)));
            }
        }
        Ok(objects.into_iter().collect())
    }

    async fn get(
        &self,
        bucket: &str,
        key: &str,
        condition: &Condition,
        max_bytes: u64,
    ) -> Result<Read, StoreError> {
        self.open(bucket, key, condition, max_bytes).await?.collect().await
    }

    async fn open(
        &self,
        bucket: &str,
        key: &str,
        condition: &Condition,
        max_bytes: u64,
    ) -> Result<Read<Body>, StoreError> {
        let request = Request { operation: "GetObject", bucket, key };
        let (is, is_not) = match condition {
            Condition::Always | Condition::Absent => (None, None),
            Condition::Is(etag) => (Some(etag.quoted()), None),
            Condition::IsNot(etag) => (None, Some(etag.quoted())),
        };
        let get = self.client.get_object().bucket(bucket).key(key).set_if_match(is).set_if_none_match(is_not);
        let answer = match get.send().await {
            Ok(answer) => answer,
            Err(error) => {
                return match (status(&error), error.code()) {
                    (Some(304), _) => Ok(Read::NotModified),
                    (Some(412), _) => Ok(Read::Moved),
                    (Some(404), code) if code != Some("NoSuchBucket") => Ok(Read::Absent),
                    (Some(403), Some("InvalidObjectState")) => Ok(Read::Archived),
                    _ => Err(request.failed(&error)),
                };
            }
        };
        let stamp = stamp(answer.metadata);
        let (Some(etag), Some(size)) =
            (answer.e_tag, answer.content_length.and_then(|length| u64::try_from(length).ok()))
        else {
            return Err(request.error(ErrorKind::Refused, "an answer without ETag or length".to_owned()));
        };
        let body = (size <= max_bytes).then(|| request.body(answer.body, size));
        Ok(Read::Found(Object { etag: ETag::new(&etag), size, stamp, body }))
    }

    async fn page(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        let request = Request { operation: "ListObjectsV2", bucket, key: prefix };
        let answer = self
            .client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .set_start_after(after.map(str::to_owned))
            .max_keys(i32::from(limit))
            .encoding_type(EncodingType::Url)
            .send()
            .await
            .map_err(|error| request.failed(&error))?;
        let has_more = answer.is_truncated == Some(true);
        let mut entries = Vec::new();
        for object in answer.contents.unwrap_or_default() {
            let is_archived =
                object.storage_class().is_some_and(|class| is_archive(&StorageClass::from(class.as_str())));
            let (Some(key), Some(etag)) = (object.key, object.e_tag) else {
                return Err(request.error(ErrorKind::Refused, "an object without key or ETag".to_owned()));
            };
            entries.push(Entry {
                key: request.decoded(&key)?,
                etag: ETag::new(&etag),
                bytes: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                last_modified: object.last_modified.and_then(|time| time.fmt(DateTimeFormat::DateTime).ok()),
                is_archived,
            });
        }
        Ok(Page { entries, has_more })
    }

    async fn attributes(&self, bucket: &str, key: &str) -> Result<Option<Attributes>, StoreError> {
        let request = Request { operation: "HeadObject", bucket, key };
        match self.client.head_object().bucket(bucket).key(key).send().await {
            Ok(answer) => {
                // Of a copy that was restored: `ongoing-request="false", expiry-date="…"`.
                let is_restored = answer.restore().is_some_and(|said| said.contains("\"false\""));
                let is_archived = answer.archive_status().is_some()
                    || answer.storage_class().is_some_and(is_archive) && !is_restored;
                let Some(etag) = answer.e_tag else {
                    return Err(request.error(ErrorKind::Refused, "an answer without ETag".to_owned()));
                };
                let bytes = answer.content_length.and_then(|length| u64::try_from(length).ok());
                Ok(Some(Attributes {
                    etag: ETag::new(&etag),
                    bytes: bytes.unwrap_or_default(),
                    stamp: stamp(answer.metadata),
                    is_archived,
                }))
            }
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(request.failed(&error)),
        }
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        object: NewObject,
        condition: &Condition,
    ) -> Result<Written, StoreError> {
        let (is, absent) = match condition {
            Condition::Is(etag) => (Some(etag.quoted()), None),
            Condition::Absent => (None, Some("*".to_owned())),
            Condition::Always | Condition::IsNot(_) => (None, None),
        };
        let metadata = object.metadata.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let sent = self
            .client
            .put_object()
            .bucket(bucket)
            .key(key)
            .body(ByteStream::from(object.body))
            .content_type(object.content_type)
            .set_cache_control(object.cache_control)
            .set_metadata(Some(metadata))
            .set_if_match(is)
            .set_if_none_match(absent)
            .send()
            .await;
        let request = Request { operation: "PutObject", bucket, key };
        match sent {
            Ok(answer) => match answer.e_tag {
                Some(etag) => Ok(Written::Done(Some(ETag::new(&etag)))),
                None => Err(request.error(ErrorKind::Refused, "an answer without ETag".to_owned())),
            },
            Err(error) => match (status(&error), error.code()) {
                // 404 answers If-Match on a key that is gone.
                (Some(404), code) if code != Some("NoSuchBucket") => Ok(Written::Moved),
                (Some(412), _) => Ok(Written::Moved),
                (Some(409), _) => Ok(Written::Conflict),
                _ => Err(request.failed(&error)),
            },
        }
    }

    async fn delete(&self, bucket: &str, key: &str, condition: &Condition) -> Result<Written, StoreError> {
        let is = match condition {
            Condition::Is(etag) => Some(etag.quoted()),
            Condition::Always | Condition::IsNot(_) | Condition::Absent => None,
        };
        let request = Request { operation: "DeleteObject", bucket, key };
        match self.client.delete_object().bucket(bucket).key(key).set_if_match(is).send().await {
            Ok(_) => Ok(Written::Done(None)),
            Err(error) => match (status(&error), error.code()) {
                (Some(404), code) if code != Some("NoSuchBucket") => Ok(Written::Done(None)),
                (Some(412), _) => Ok(Written::Moved),
                (Some(409), _) => Ok(Written::Conflict),
                _ => Err(request.failed(&error)),
            },
        }
    }
}

/// What Thumbline wrote into an object's metadata, if it did.
fn stamp(metadata: Option<HashMap<String, String>>) -> Option<Stamp> {
    let metadata = metadata?;
    let (etag, recipe) = metadata.get(META_SOURCE_ETAG).zip(metadata.get(META_RECIPE))?;
    Some(Stamp { source_etag: ETag::new(etag), recipe: recipe.clone() })
}

/// Whether objects of this class must be restored before they can be read.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html#sc-glacier>
fn is_archive(class: &StorageClass) -> bool {
    matches!(class, StorageClass::Glacier | StorageClass::DeepArchive)
}

/// What a request was about, for its errors.
struct Request<'a> {
    operation: &'static str,
    bucket: &'a str,
    key: &'a str,
}

impl Request<'_> {
    fn error(&self, kind: ErrorKind, detail: String) -> StoreError {
        let (bucket, key) = (self.bucket.to_owned(), self.key.to_owned());
        StoreError { kind, operation: self.operation, bucket, key, detail }
    }

    /// A key as listings encode it.
    fn decoded(&self, key: &str) -> Result<String, StoreError> {
        let spaced = key.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8();
        let decoded = decoded
            .map_err(|_| self.error(ErrorKind::Refused, format!("key {:?} is no UTF-8", named(key))))?;
        Ok(decoded.into_owned())
    }

    fn failed<E>(&self, error: &SdkError<E>) -> StoreError
    where
        SdkError<E>: ProvideErrorMetadata,
        E: std::error::Error + 'static,
    {
        let code = error.code().unwrap_or_default();
        let kind = match (error, status(error), code) {
            (SdkError::TimeoutError(_), ..) => ErrorKind::Timeout,
            (SdkError::DispatchFailure(failure), ..) if failure.is_timeout() => ErrorKind::Timeout,
            (SdkError::DispatchFailure(_) | SdkError::ResponseError(_), ..) => ErrorKind::Connection,
            (_, Some(429), _) | (_, _, "SlowDown" | "ThrottlingException" | "RequestLimitExceeded") => {
                ErrorKind::Throttled
            }
            (_, Some(500..=599), _) => ErrorKind::Unavailable,
            (_, _, "NoSuchBucket") => ErrorKind::NoSuchBucket,
            (_, _, "RequestTimeout") => ErrorKind::Timeout,
            (_, Some(401 | 403), _) => ErrorKind::AccessDenied,
            _ => ErrorKind::Refused,
        };
        // S3 may name the key that it refuses.
        let message = error.message().and_then(|message| Naming::in_force().quote(message));
        let detail = match (status(error), message) {
            (Some(status), Some(message)) => format!("{status} {code}: {message}"),
            (Some(status), None) => format!("{status} {code}"),
            (None, _) => chain(error),
        };
        self.error(kind, detail)
    }

    /// A body of so many bytes, no more and no less. The SDK holds them against S3's checksum where the object has one.
    fn body(&self, arriving: ByteStream, size: u64) -> Body {
        let broken = self.error(ErrorKind::BrokenBody, String::new());
        let state = (arriving, size, broken);
        Body::new(stream::try_unfold(state, move |(mut arriving, left, broken)| async move {
            match arriving.next().await {
                Some(Ok(piece)) => match left.checked_sub(piece.len() as u64) {
                    Some(left) => Ok(Some((piece, (arriving, left, broken)))),
                    None => Err(StoreError { detail: format!("more than {size} bytes arrived"), ..broken }),
                },
                Some(Err(error)) => Err(StoreError { detail: chain(&error), ..broken }),
                None if left == 0 => Ok(None),
                None => {
                    Err(StoreError { detail: format!("{} bytes of {size} arrived", size - left), ..broken })
                }
            }
        }))
    }
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// An error with its causes: the SDK's own messages say little without them.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
