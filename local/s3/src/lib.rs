//! An S3 for one machine: what a program that talks to Amazon's S3 through an SDK finds here is an S3, and what it is
//! told has happened has happened.
//!
//! **Why not files in folders?** Because keys are not paths. `a` and `a/b` are two objects, `x//y` is not `x/y`, and
//! `../../etc/passwd` is a key like any other. Here an index in an embedded database maps keys to bytes, and bytes lie
//! in the index itself when they are few, or in files with random names.
//!
//! **What survives a crash?** Everything that was answered, and nothing else. Bytes are received, checked against
//! every checksum and signature that came with them, and flushed to the disk; then one transaction of the index checks
//! the request's conditions, names the bytes, and announces the change to the [`EventSink`]. An upload that fails
//! anywhere on that way leaves no trace.
//!
//! **How is it watched and disturbed?** [`S3::requests`] tells of every request that was answered; [`S3::faults`] makes
//! requests fail that would have worked, before they reach the store.
//!
//! **What is missing?** Versioning, access control lists and policies, encryption, lifecycles, and addressing by host
//! name. Such requests are answered with `NotImplemented`, or, where S3 has an answer for a bucket that was never
//! configured, with that.

mod cors;
mod faults;
mod notifications;
mod requests;
mod service;
mod store;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use redb::Database;

pub use self::cors::CorsRule;
pub use self::faults::{Effect, Fault, FaultId, Faults, KeyPattern};
pub use self::notifications::NotificationRule;
use self::notifications::Notifications;
pub use self::requests::{RequestLog, RequestRecord};
pub use self::service::S3Service;
use self::store::Store;
use self::store::blobs::Blobs;
use self::store::failure::Failure;

/// Where changes of objects are announced.
pub trait EventSink: Send + Sync + 'static {
    /// Takes in one event for a target, inside the transaction that makes the change, so that both become durable
    /// together or neither does. `payload` is the notification as S3 writes it, in JSON.
    ///
    /// The index's own tables, whose names start with `s3.`, are not to be opened here.
    ///
    /// # Errors
    ///
    /// An error makes the change fail, and every other change of the same transaction.
    fn enqueue(
        &self,
        transaction: &redb::WriteTransaction,
        target: &str,
        payload: &str,
    ) -> Result<(), Box<dyn Error + Send + Sync>>;

    /// Says that what was taken in since the last call is durable: whoever delivers it can be woken.
    fn committed(&self);
}

/// The one pair of keys that requests must be signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The public half.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// What an [`S3`] is made of.
pub struct S3Options {
    /// The index. It may hold tables of others, under names that do not start with `s3.`.
    pub database: Arc<Database>,
    /// The folder of the blobs, made if it is missing. It belongs to this S3 alone.
    pub blobs: PathBuf,
    /// Who may do anything. Everybody else may do nothing.
    pub credentials: Credentials,
    /// The region that buckets and events are said to be in.
    pub region: String,
    /// Which pages of other origins may use a bucket, by the bucket's name.
    pub cors: BTreeMap<String, Vec<CorsRule>>,
    /// What is announced.
    pub rules: Vec<NotificationRule>,
    /// Where it is announced.
    pub sink: Option<Arc<dyn EventSink>>,
}

/// Why an [`S3`] cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of the blobs cannot be made or read.
    #[error("the blob folder {} cannot be opened: {source}; check that it is a folder that this user may write to", .folder.display())]
    Blobs {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The index cannot be read or written.
    #[error(
        "the index of the embedded S3 cannot be used: {0}; if its files are damaged, start with an empty data folder"
    )]
    Index(Box<dyn Error + Send + Sync>),
}

/// Why a bucket cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum CreateBucketError {
    /// S3 would not take this name.
    #[error(
        "`{0}` cannot be the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens, starting and ending \
         with a letter or digit"
    )]
    Name(String),
    /// The index cannot be written.
    #[error("the bucket `{name}` cannot be written to the index: {source}")]
    Index {
        /// The bucket.
        name: String,
        /// What went wrong.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// An S3. Clones are handles to the same one.
#[derive(Clone)]
pub struct S3 {
    store: Arc<Store>,
    service: S3Service,
}

impl S3 {
    /// Opens the store in its folder, whatever state an earlier process left it in.
    pub fn open(options: S3Options) -> Result<Self, OpenError> {
        let S3Options { database, blobs, credentials, region, cors, rules, sink } = options;
        let blobs =
            Blobs::open(blobs.clone()).map_err(|source| OpenError::Blobs { folder: blobs, source })?;
        let notifications = Notifications::new(region.clone(), rules, sink.clone());
        let store = Store::open(database, blobs, notifications, sink).map_err(|failure| match failure {
            Failure::Refused(error) => OpenError::Index(error.into()),
            Failure::Broken(error) => OpenError::Index(error),
        })?;
        let store = Arc::new(store);
        let service = S3Service::new(Arc::clone(&store), &credentials, region, cors);
        Ok(Self { store, service })
    }

    /// Creates a bucket; one that exists already stays as it is.
    pub async fn create_bucket(&self, name: &str) -> Result<(), CreateBucketError> {
        if !s3s::path::check_bucket_name(name) {
            return Err(CreateBucketError::Name(name.to_owned()));
        }
        match self.store.create_bucket(name.to_owned(), None).await {
            Ok(_) => Ok(()),
            Err(error) => Err(CreateBucketError::Index { name: name.to_owned(), source: error.into() }),
        }
    }

    /// What answers HTTP requests. Clones share everything.
    pub fn service(&self) -> S3Service {
        self.service.clone()
    }

    /// What was asked and how it was answered.
    pub fn requests(&self) -> RequestLog {
        self.service.requests()
    }

    /// What is made to fail.
    pub fn faults(&self) -> Faults {
        self.service.faults()
    }
}
