//! The record in the output bucket: written under conditions, so that whoever has lost a run finds out when it writes.

use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use thumbline::layout::{RECORD_FOLDERS, hex};
use thumbline::store::{Condition, ErrorKind, NewObject, Read, StoreError, Written};
use thumbline::{ETag, Store};

use crate::ask::Kind;
use crate::record::Record;

/// A record holds at most what a chunk of the walk leaves to be announced, and what is open of the walk.
const MAX_RECORD_BYTES: u64 = 64 << 20;
/// How often a write is made again that S3 answers with 409.
const MAX_CONFLICTS: u32 = 5;
const AFTER_A_CONFLICT: Duration = Duration::from_millis(100);

/// Where the record of a kind and a prefix is.
#[derive(Clone, Debug)]
pub struct Ledger<'a, S> {
    store: &'a S,
    bucket: &'a str,
    key: String,
}

/// What came of writing a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is written, with this ETag.
    As(ETag),
    /// Somebody else has written it since it was read.
    Moved,
}

/// The key of a record.
pub fn key(kind: Kind, prefix: &str) -> String {
    let [folder, _] = RECORD_FOLDERS;
    let digest = hex(&Sha256::digest(prefix.as_bytes()));
    match kind {
        Kind::Backfill => format!("{folder}{digest}.json"),
        Kind::Verify => format!("{folder}{digest}.verify.json"),
    }
}

impl<'a, S: Store> Ledger<'a, S> {
    /// The record of this kind and prefix.
    pub fn new(store: &'a S, bucket: &'a str, kind: Kind, prefix: &str) -> Ledger<'a, S> {
        Ledger { store, bucket, key: key(kind, prefix) }
    }

    /// What is written there, and the condition under which it may be written anew.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn load(&self) -> Result<(Option<Record>, Condition), StoreError> {
        match self.store.get(self.bucket, &self.key, &Condition::Always, MAX_RECORD_BYTES).await? {
            Read::Found(object) => {
                let record = object.body.and_then(|body| Record::parse(&body));
                Ok((record, Condition::Is(object.etag)))
            }
            _ => Ok((None, Condition::Absent)),
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn save(&self, record: &Record, condition: &Condition) -> Result<Saved, StoreError> {
        let body = serde_json::to_vec(record).map_err(|error| StoreError {
            kind: ErrorKind::Refused,
            operation: "PutObject",
            bucket: self.bucket.to_owned(),
            key: self.key.clone(),
            detail: format!("the record can't be written as JSON: {error}"),
        })?;
        let body = Bytes::from(body);
        let mut conflicts = 0;
        loop {
            let object = NewObject {
                body: body.clone(),
                content_type: "application/json",
                cache_control: None,
                metadata: Vec::new(),
            };
            match self.store.put(self.bucket, &self.key, object, condition).await? {
                Written::Done(Some(etag)) => return Ok(Saved::As(etag)),
                Written::Conflict if conflicts < MAX_CONFLICTS => {
                    conflicts += 1;
                    tokio::time::sleep(AFTER_A_CONFLICT).await;
                }
                Written::Done(None) | Written::Moved | Written::Conflict => return Ok(Saved::Moved),
            }
        }
    }
}
