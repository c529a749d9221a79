//! One bucket's listing, a page ahead of who reads it.

use std::collections::VecDeque;
use std::time::Duration;

use thumbline::Store;
use thumbline::store::{Entry, ErrorKind, MAX_PAGE_ENTRIES, Page, StoreError};
use tokio::task::JoinHandle;

/// How often a page is asked for before the walk gives up, besides what the S3 client tries by itself.
const ATTEMPTS: u32 = 6;

/// Before the second attempt; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The objects of a bucket whose keys begin with a prefix.
#[derive(Debug)]
pub(super) struct Pages<S> {
    store: S,
    bucket: String,
    prefix: String,
    /// The last key that was listed.
    after: Option<String>,
    entries: VecDeque<Entry>,
    /// The next page, on its way.
    ahead: Option<Ahead>,
    is_last: bool,
}

/// A request that is given up with the walk.
#[derive(Debug)]
struct Ahead(JoinHandle<Result<Page, StoreError>>);

impl Drop for Ahead {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<S: Store + Clone> Pages<S> {
    pub(super) fn new(store: S, bucket: &str, prefix: &str, after: Option<&str>) -> Pages<S> {
        Pages {
            store,
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            after: after.map(str::to_owned),
            entries: VecDeque::new(),
            ahead: None,
            is_last: false,
        }
    }

    /// The next object, which stays the next; `None` at the end.
    pub(super) async fn peek(&mut self) -> Result<Option<&Entry>, StoreError> {
        while self.entries.is_empty() && !self.is_last {
            self.ask();
            let Some(ahead) = &mut self.ahead else { break };
            let answer = (&mut ahead.0).await;
            self.ahead = None;
            let page = match answer {
                Ok(page) => page?,
                Err(broken) => return Err(self.error(format!("listing: {broken}"))),
            };
            if page.has_more && page.entries.is_empty() {
                return Err(self.error("an empty page that more should follow".to_owned()));
            }
            self.is_last = !page.has_more;
            self.after = page.entries.last().map(|last| last.key.clone()).or(self.after.take());
            self.entries = page.entries.into();
            if !self.is_last {
                self.ask();
            }
        }
        Ok(self.entries.front())
    }

    /// The object that [`Pages::peek`] has shown.
    pub(super) fn take(&mut self) -> Option<Entry> {
        self.entries.pop_front()
    }

    /// Asks for the page after the last one, unless that has been done.
    fn ask(&mut self) {
        if self.ahead.is_none() {
            let (store, bucket) = (self.store.clone(), self.bucket.clone());
            let (prefix, after) = (self.prefix.clone(), self.after.clone());
            self.ahead = Some(Ahead(tokio::spawn(async move {
                let mut pause = FIRST_PAUSE;
                for _ in 1..ATTEMPTS {
                    match store.page(&bucket, &prefix, after.as_deref(), MAX_PAGE_ENTRIES).await {
                        Err(error) if error.kind.may_pass() => {
                            tokio::time::sleep(pause).await;
                            pause *= 2;
                        }
                        answer => return answer,
                    }
                }
                store.page(&bucket, &prefix, after.as_deref(), MAX_PAGE_ENTRIES).await
            })));
        }
    }

    fn error(&self, detail: String) -> StoreError {
        StoreError {
            kind: ErrorKind::Refused,
            operation: "ListObjectsV2",
            bucket: self.bucket.clone(),
            key: self.prefix.clone(),
            detail,
        }
    }
}
