//! A walk over both buckets side by side, in the order of their keys and in constant memory.
//!
//! Outputs lie under their source's key and a `/`, so a source belongs where its key *and that slash* sort, which is not
//! where the listing shows it: `a!` comes after `a`, but `a!/…` before `a/…`, for `!` sorts before `/`. A source is
//! therefore held back while later ones begin with its key and go on with something that sorts before `/`. Each that is
//! held back is the beginning of the next, so there are never more of them than a key has bytes.
//!
//! Outputs of `a/b` lie between those of `a`. So what has been seen of a source is kept open until the walk has left its
//! prefix; what is open is nested, and never deeper than a key has slashes.
//!
//! All that the walk knows is its [`Position`], which can be written down, and taken up again elsewhere.

mod pages;
mod position;

use serde::{Deserialize, Serialize};
use thumbline::store::{Entry, StoreError};
use thumbline::{ETag, Store};

use self::pages::Pages;
pub use self::position::Position;

/// More outputs than this of one prefix are handed out in parts.
pub const MAX_GROUP_OUTPUTS: usize = 1000;

/// Where the walk goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets {
    /// Where sources are.
    pub input: String,
    /// Where outputs are.
    pub output: String,
}

/// What lies directly under one prefix of the output bucket, and the source that has this prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// What the outputs' keys begin with: a source's key and `/`, or nothing for an output whose key has no `/` at all.
    pub prefix: String,
    /// The source. `None`: the input bucket has none with this prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Entry>,
    /// The outputs, in the order of their keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Output>,
    /// Whether there are more outputs of this prefix than these: without a source, other groups have them; with one, they
    /// are sizes that were made on demand, and have been passed over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_part: bool,
}

/// An object of the output bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its key.
    pub key: String,
    /// Its ETag.
    pub etag: ETag,
}

impl From<Entry> for Output {
    fn from(Entry { key, etag, .. }: Entry) -> Output {
        Output { key, etag }
    }
}

/// A walk over the sources whose keys begin with a prefix, and over the outputs that only such sources can have.
#[derive(Debug)]
pub struct Walk<S> {
    position: Position,
    sources: Pages<S>,
    outputs: Pages<S>,
}

impl<S: Store + Clone> Walk<S> {
    /// A walk from this position on: [`Position::start`], or where another has stopped.
    pub fn new(store: &S, buckets: &Buckets, position: Position) -> Walk<S> {
        let prefix = position.prefix();
        let sources = Pages::new(store.clone(), &buckets.input, prefix, position.sources_after());
        let outputs = Pages::new(store.clone(), &buckets.output, prefix, position.outputs_after());
        Walk { position, sources, outputs }
    }

    /// Where the walk is. A walk from here hands out exactly what this one has not handed out yet.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// The next group; `None` at the end. May be dropped while it waits, and called again after an error.
    ///
    /// # Errors
    /// [`StoreError`] where a bucket can't be listed.
    pub async fn next(&mut self) -> Result<Option<Group>, StoreError> {
        loop {
            if let Some(group) = self.position.take_ready() {
                return Ok(Some(group));
            }
            while !self.position.has_due() {
                let next = self.sources.peek().await?;
                if !self.position.is_due_before(next) {
                    match self.sources.take() {
                        Some(source) => self.position.hold(source),
                        None => break,
                    }
                }
            }
            let output = self.outputs.peek().await?;
            if self.position.open_due(output) {
                continue;
            }
            match self.outputs.take() {
                Some(output) => self.position.add(output),
                None if self.position.close_all() => {}
                None => return Ok(None),
            }
        }
    }
}
