//! The S3 that the convergence protocol and the walk over whole buckets need, and what each answer means to them.
//!
//! Answers that the protocol reacts to (absent, not modified, moved on) are values; only what it can do nothing about
//! is an error, and every such error means «try again later».

mod body;
mod page;
mod s3;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use body::Body;
pub use page::{Entry, MAX_PAGE_ENTRIES, Page};
pub(crate) use s3::configuration;
pub use s3::{PresignError, S3Store};

/// An object's ETag, without the quotes around it. Opaque: an MD5 only sometimes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ETag(String);

impl ETag {
    /// From an answer or a listing, which quote it.
    pub fn new(text: &str) -> ETag {
        ETag(text.trim_matches('"').to_owned())
    }

    /// As `If-Match` and `If-None-Match` take it.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }

    /// Without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The objects under one prefix, by key, with their ETags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing(BTreeMap<String, ETag>);

impl Listing {
    /// The ETag of the object with this key; `None` where there is no such object.
    pub fn etag(&self, key: &str) -> Option<&ETag> {
        self.0.get(key)
    }

    /// The keys that are there.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The objects that are there.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ETag)> {
        self.0.iter().map(|(key, etag)| (key.as_str(), etag))
    }
}

impl FromIterator<(String, ETag)> for Listing {
    fn from_iter<I: IntoIterator<Item = (String, ETag)>>(objects: I) -> Self {
        Listing(objects.into_iter().collect())
    }
}

/// What must hold of the object under a key for a request to go through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    Always,
    /// It has this ETag.
    Is(ETag),
    /// It does not have this ETag (reading), so that bytes move only when there are new ones.
    IsNot(ETag),
    /// There is none (writing).
    Absent,
}

/// The answer to reading an object, with all of its bytes or with a [`Body`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read<B = Bytes> {
    /// It is there and the condition holds.
    Found(Object<B>),
    /// It still has the ETag that [`Condition::IsNot`] named.
    NotModified,
    /// It does not have the ETag that [`Condition::Is`] named.
    Moved,
    /// There is no such object.
    Absent,
    /// It is there, but in an archive storage class: its bytes can't be read.
    Archived,
}

/// An object that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object<B = Bytes> {
    /// Of the bytes that were read.
    pub etag: ETag,
    /// The object's length in bytes, also where the body was not read.
    pub size: u64,
    /// What Thumbline wrote on it, if it is an output.
    pub stamp: Option<Stamp>,
    /// The bytes. `None` where there are more of them than the reader wanted.
    pub body: Option<B>,
}

/// The answer to writing or removing an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// Done. The new object's ETag; `None` after a removal.
    Done(Option<ETag>),
    /// The condition does not hold: somebody else moved on.
    Moved,
    /// S3 was busy with another write of the same key and did nothing: the same request may be made again.
    Conflict,
}

/// An object to write.
#[derive(Clone, Debug)]
pub struct NewObject {
    /// Its bytes.
    pub body: Bytes,
    /// Its media type.
    pub content_type: &'static str,
    /// Its `Cache-Control`, if it should have one.
    pub cache_control: Option<String>,
    /// `x-amz-meta-*`, without that prefix.
    pub metadata: Vec<(&'static str, String)>,
}

/// What S3 says of an object without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Its ETag.
    pub etag: ETag,
    /// Its length.
    pub bytes: u64,
    /// What Thumbline wrote on it, if it is an output.
    pub stamp: Option<Stamp>,
    /// Whether it is in an archive storage class and not restored: its bytes can't be read.
    pub is_archived: bool,
}

/// What every output carries in its metadata: what it was made of, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The ETag of the source that was read.
    pub source_etag: ETag,
    /// The [`Recipe`](crate::Recipe).
    pub recipe: String,
}

/// The metadata key under which every output names the source's ETag. An object that has it is an output of ours.
pub const META_SOURCE_ETAG: &str = "source-etag";

/// The metadata key under which every output names its recipe.
pub const META_RECIPE: &str = "recipe";

/// An S3, or something that keeps its promises: strong consistency, conditional GET, PUT and DELETE.
pub trait Store: Send + Sync + 'static {
    /// The objects whose keys begin with `prefix` and have no `/` after it.
    fn list(&self, bucket: &str, prefix: &str) -> impl Future<Output = Result<Listing, StoreError>> + Send;

    /// Reads an object, with a body of at most `max_bytes`.
    fn get(
        &self,
        bucket: &str,
        key: &str,
        condition: &Condition,
        max_bytes: u64,
    ) -> impl Future<Output = Result<Read, StoreError>> + Send;

    /// The same, with bytes that come while something is made of them already.
    fn open(
        &self,
        bucket: &str,
        key: &str,
        condition: &Condition,
        max_bytes: u64,
    ) -> impl Future<Output = Result<Read<Body>, StoreError>> + Send {
        async move { Ok(self.get(bucket, key, condition, max_bytes).await?.into()) }
    }

    /// At most `limit` objects whose keys begin with `prefix` and come after `after`, in the order of their keys' bytes.
    fn page(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u16,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// What is said of an object without its bytes; `None` where there is none.
    fn attributes(
        &self,
        bucket: &str,
        key: &str,
    ) -> impl Future<Output = Result<Option<Attributes>, StoreError>> + Send;

    /// The ETag of an object; `None` where there is none.
    fn head(&self, bucket: &str, key: &str) -> impl Future<Output = Result<Option<ETag>, StoreError>> + Send {
        async move { Ok(self.attributes(bucket, key).await?.map(|attributes| attributes.etag)) }
    }

    /// Writes an object.
    fn put(
        &self,
        bucket: &str,
        key: &str,
        object: NewObject,
        condition: &Condition,
    ) -> impl Future<Output = Result<Written, StoreError>> + Send;

    /// Removes an object. One that is gone already counts as removed.
    fn delete(
        &self,
        bucket: &str,
        key: &str,
        condition: &Condition,
    ) -> impl Future<Output = Result<Written, StoreError>> + Send;
}

/// A request that failed in a way that the protocol has no answer to. A later attempt may succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation} s3://{bucket}/{}: {kind}: {detail}", crate::naming::named(.key))]
pub struct StoreError {
    /// What went wrong.
    pub kind: ErrorKind,
    /// The S3 operation.
    pub operation: &'static str,
    /// The bucket.
    pub bucket: String,
    /// The key or prefix.
    pub key: String,
    /// What S3 or the connection said.
    pub detail: String,
}

/// What went wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// S3 asked to slow down.
    Throttled,
    /// S3 answered 5xx.
    Unavailable,
    /// No answer in time.
    Timeout,
    /// The connection could not be made, or broke.
    Connection,
    /// The function may not do this.
    AccessDenied,
    /// The bucket does not exist.
    NoSuchBucket,
    /// The bytes that arrived are not those that S3 has.
    BrokenBody,
    /// Anything else that S3 refuses.
    Refused,
}

impl ErrorKind {
    /// Whether the same request may well work a moment later, with nobody having changed anything.
    pub fn may_pass(self) -> bool {
        match self {
            ErrorKind::Throttled
            | ErrorKind::Unavailable
            | ErrorKind::Timeout
            | ErrorKind::Connection
            | ErrorKind::BrokenBody => true,
            ErrorKind::AccessDenied | ErrorKind::NoSuchBucket | ErrorKind::Refused => false,
        }
    }

    /// The reason's code in logs, metrics and answers.
    pub fn code(self) -> &'static str {
        match self {
            ErrorKind::Throttled => "throttled",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::Timeout => "timeout",
            ErrorKind::Connection => "connection",
            ErrorKind::AccessDenied => "access_denied",
            ErrorKind::NoSuchBucket => "no_such_bucket",
            ErrorKind::BrokenBody => "broken_body",
            ErrorKind::Refused => "refused",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ErrorKind::Throttled => "S3 asks to slow down",
            ErrorKind::Unavailable => "S3 is unavailable",
            ErrorKind::Timeout => "no answer in time",
            ErrorKind::Connection => "the connection failed",
            ErrorKind::AccessDenied => {
                "access denied (or, without s3:ListBucket on the bucket, no such key); check the function's policy"
            }
            ErrorKind::NoSuchBucket => "there is no such bucket; check THUMBLINE_INPUT_BUCKET and THUMBLINE_OUTPUT_BUCKET",
            ErrorKind::BrokenBody => "the body that arrived is not what S3 has",
            ErrorKind::Refused => "S3 refuses it",
        })
    }
}
