//! An S3 in memory, with a hook before every request: the place where a test changes the world or stops the writer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::stream;
use thumbline::store::{
    Attributes, Body, Condition, ETag, Entry, ErrorKind, Listing, META_RECIPE, META_SOURCE_ETAG, NewObject,
    Object, Page, Read, Stamp, StoreError, Written,
};
use thumbline::{Settings, Store, settings::Sources};

pub const INPUT: &str = "pictures";
pub const OUTPUT: &str = "thumbs";

/// About what a record of TLS holds.
const PIECE_BYTES: usize = 16_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub body: Bytes,
    pub metadata: Vec<(String, String)>,
}

impl Stored {
    fn etag(&self) -> ETag {
        // Like S3's, a function of the bytes alone: a source that returns to older bytes returns to its older ETag.
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.body.hash(&mut hasher);
        ETag::new(&format!("{:016x}", hasher.finish()))
    }
}

impl Stored {
    fn stamp(&self) -> Option<Stamp> {
        let value = |name| self.metadata.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let (source_etag, recipe) = value(META_SOURCE_ETAG).zip(value(META_RECIPE))?;
        Some(Stamp { source_etag: ETag::new(&source_etag), recipe })
    }
}

pub type Objects = BTreeMap<(String, String), Stored>;

/// What happens at a request instead of, or before, its answer.
pub enum Event {
    Nothing,
    Error(ErrorKind),
    Conflict,
    /// The process is gone: the request is never sent, and nothing after it.
    Die,
}

type Hook = Box<dyn FnMut(usize, &str, &mut Objects) -> Event + Send>;

#[derive(Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    objects: Objects,
    requests: Vec<String>,
    hook: Option<Hook>,
    /// The most objects of a page, where that is less than is asked for.
    page_limit: Option<usize>,
}

impl MemoryStore {
    pub fn put_source(&self, key: &str, body: &[u8]) {
        let mut state = self.state.lock().unwrap();
        put_source(&mut state.objects, key, body);
    }

    pub fn remove_source(&self, key: &str) {
        self.state.lock().unwrap().objects.remove(&(INPUT.to_owned(), key.to_owned()));
    }

    /// Everything in the output bucket: key, bytes and metadata.
    pub fn outputs(&self) -> BTreeMap<String, Stored> {
        let state = self.state.lock().unwrap();
        let outputs = state.objects.iter().filter(|((bucket, _), _)| bucket == OUTPUT);
        outputs.map(|((_, key), stored)| (key.clone(), stored.clone())).collect()
    }

    pub fn put_output(&self, key: &str, body: &[u8]) {
        let stored = Stored { body: Bytes::copy_from_slice(body), metadata: Vec::new() };
        self.state.lock().unwrap().objects.insert((OUTPUT.to_owned(), key.to_owned()), stored);
    }

    pub fn remove_output(&self, key: &str) {
        self.state.lock().unwrap().objects.remove(&(OUTPUT.to_owned(), key.to_owned()));
    }

    /// Copies an output into the input bucket with its metadata, as `aws s3 cp` does.
    pub fn copy_to_input(&self, output: &str, key: &str) {
        let mut state = self.state.lock().unwrap();
        let stored = state.objects[&(OUTPUT.to_owned(), output.to_owned())].clone();
        state.objects.insert((INPUT.to_owned(), key.to_owned()), stored);
    }

    /// The operations asked for since the last call.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }

    /// Calls `hook` before every request from now on, with the request's number (from 0) and operation.
    pub fn set_hook(&self, hook: impl FnMut(usize, &str, &mut Objects) -> Event + Send + 'static) {
        let mut state = self.state.lock().unwrap();
        state.requests.clear();
        state.hook = Some(Box::new(hook));
    }

    /// Lists at most so many objects at a time, as S3 may.
    #[allow(dead_code)]
    pub fn set_page_limit(&self, objects: usize) {
        self.state.lock().unwrap().page_limit = Some(objects);
    }

    pub fn clear_hook(&self) {
        self.state.lock().unwrap().hook = None;
    }

    async fn request<T>(
        &self,
        operation: &'static str,
        bucket: &str,
        key: &str,
        answer: impl FnOnce(&mut Objects) -> T,
        conflict: Option<T>,
    ) -> Result<T, StoreError> {
        // Lets other handlers run between any two requests of this one.
        tokio::task::yield_now().await;
        let event = {
            let mut guard = self.state.lock().unwrap();
            let state = &mut *guard;
            let number = state.requests.len();
            state.requests.push(operation.to_owned());
            match &mut state.hook {
                Some(hook) => hook(number, operation, &mut state.objects),
                None => Event::Nothing,
            }
        };
        let error = |kind| StoreError {
            kind,
            operation,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            detail: "by the test".to_owned(),
        };
        match (event, conflict) {
            (Event::Die, _) => std::future::pending().await,
            (Event::Error(kind), _) => Err(error(kind)),
            (Event::Conflict, Some(conflict)) => Ok(conflict),
            (Event::Conflict, None) => Err(error(ErrorKind::Refused)),
            (Event::Nothing, _) => Ok(answer(&mut self.state.lock().unwrap().objects)),
        }
    }
}

pub fn put_source(objects: &mut Objects, key: &str, body: &[u8]) {
    let stored = Stored { body: Bytes::copy_from_slice(body), metadata: Vec::new() };
    objects.insert((INPUT.to_owned(), key.to_owned()), stored);
}

pub fn settings(presets: &str) -> Settings {
    let variables = [
        ("THUMBLINE_INPUT_BUCKET", INPUT),
        ("THUMBLINE_OUTPUT_BUCKET", OUTPUT),
        ("THUMBLINE_PRESETS", presets),
        ("THUMBLINE_MAX_SOURCE_BYTES", "1_000_000"),
    ];
    Settings::load(&Sources::new(None, variables.map(|(k, v)| (k.to_owned(), v.to_owned())))).unwrap()
}

fn id(bucket: &str, key: &str) -> (String, String) {
    (bucket.to_owned(), key.to_owned())
}

fn holds(condition: &Condition, found: Option<&Stored>) -> bool {
    match condition {
        Condition::Always => true,
        Condition::Is(etag) => found.is_some_and(|stored| stored.etag() == *etag),
        Condition::IsNot(etag) => found.is_none_or(|stored| stored.etag() != *etag),
        Condition::Absent => found.is_none(),
    }
}

/// As it comes through a network.
fn in_pieces(bytes: &Bytes) -> Body {
    let starts = (0..bytes.len()).step_by(PIECE_BYTES);
    let pieces: Vec<_> =
        starts.map(|start| Ok(bytes.slice(start..bytes.len().min(start + PIECE_BYTES)))).collect();
    Body::new(stream::iter(pieces))
}

impl Store for MemoryStore {
    async fn list(&self, bucket: &str, prefix: &str) -> Result<Listing, StoreError> {
        let answer = |objects: &mut Objects| {
            let under = objects.iter().filter(|((b, key), _)| {
                b == bucket && key.strip_prefix(prefix).is_some_and(|rest| !rest.contains('/'))
            });
            under.map(|((_, key), stored)| (key.clone(), stored.etag())).collect()
        };
        self.request("LIST", bucket, prefix, answer, None).await
    }

    async fn get(
        &self,
        bucket: &str,
        key: &str,
        condition: &Condition,
        max_bytes: u64,
    ) -> Result<Read, StoreError> {
        let answer = |objects: &mut Objects| match objects.get(&id(bucket, key)) {
            None => Read::Absent,
            Some(stored) if !holds(condition, Some(stored)) => match condition {
                Condition::IsNot(_) => Read::NotModified,
                _ => Read::Moved,
            },
            Some(stored) => Read::Found(Object {
                etag: stored.etag(),
                size: stored.body.len() as u64,
                stamp: stored.stamp(),
                body: (stored.body.len() as u64 <= max_bytes).then(|| stored.body.clone()),
            }),
        };
        let operation = if bucket == INPUT { "GET source" } else { "GET manifest" };
        self.request(operation, bucket, key, answer, None).await
    }

    async fn open(
        &self,
        bucket: &str,
        key: &str,
        condition: &Condition,
        max_bytes: u64,
    ) -> Result<Read<Body>, StoreError> {
        Ok(match self.get(bucket, key, condition, max_bytes).await? {
            Read::Found(Object { etag, size, stamp, body }) => {
                Read::Found(Object { etag, size, stamp, body: body.as_ref().map(in_pieces) })
            }
            other => other.into(),
        })
    }

    async fn page(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        let page_limit = self.state.lock().unwrap().page_limit;
        let limit = page_limit.unwrap_or(usize::MAX).min(usize::from(limit));
        let answer = |objects: &mut Objects| {
            let of_bucket = objects.iter().filter(|((b, _), _)| b == bucket);
            let mut entries: Vec<Entry> = of_bucket
                .map(|((_, key), stored)| Entry {
                    key: key.clone(),
                    etag: stored.etag(),
                    bytes: stored.body.len() as u64,
                    last_modified: None,
                    is_archived: false,
                })
                .filter(|entry| {
                    entry.key.starts_with(prefix) && after.is_none_or(|after| &*entry.key > after)
                })
                .collect();
            let has_more = entries.len() > limit;
            entries.truncate(limit);
            Page { entries, has_more }
        };
        self.request("LIST", bucket, prefix, answer, None).await
    }

    async fn attributes(&self, bucket: &str, key: &str) -> Result<Option<Attributes>, StoreError> {
        let answer = |objects: &mut Objects| {
            let found = objects.get(&id(bucket, key));
            found.map(|stored| Attributes {
                etag: stored.etag(),
                bytes: stored.body.len() as u64,
                stamp: stored.stamp(),
                is_archived: false,
            })
        };
        self.request("HEAD source", bucket, key, answer, None).await
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        object: NewObject,
        condition: &Condition,
    ) -> Result<Written, StoreError> {
        let metadata = object.metadata.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let stored = Stored { body: object.body, metadata };
        let answer = |objects: &mut Objects| {
            if !holds(condition, objects.get(&id(bucket, key))) {
                return Written::Moved;
            }
            let etag = stored.etag();
            objects.insert(id(bucket, key), stored);
            Written::Done(Some(etag))
        };
        self.request("PUT", bucket, key, answer, Some(Written::Conflict)).await
    }

    async fn delete(&self, bucket: &str, key: &str, condition: &Condition) -> Result<Written, StoreError> {
        let answer = |objects: &mut Objects| match objects.get(&id(bucket, key)) {
            found @ Some(_) if !holds(condition, found) => Written::Moved,
            _ => {
                objects.remove(&id(bucket, key));
                Written::Done(None)
            }
        };
        self.request("DELETE", bucket, key, answer, Some(Written::Conflict)).await
    }
}
