//! A store that counts what it is asked: what S3 bills.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use thumbline::Store;
use thumbline::store::{
    Attributes, Body, Condition, Listing, MAX_PAGE_ENTRIES, NewObject, Object, Page, Read, StoreError,
    Written,
};

/// A store, and what was asked of it. Clones count together.
#[derive(Clone, Debug)]
pub struct Metered<S> {
    store: S,
    meter: Arc<Meter>,
}

#[derive(Debug, Default)]
struct Meter {
    list: AtomicU64,
    get: AtomicU64,
    head: AtomicU64,
    put: AtomicU64,
    delete: AtomicU64,
    read_bytes: AtomicU64,
    written_bytes: AtomicU64,
}

/// Requests by kind, and the bytes that they moved. What the S3 client tries again by itself counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    /// Pages of listings.
    pub list: u64,
    /// Objects asked for.
    pub get: u64,
    /// Objects asked about.
    pub head: u64,
    /// Objects written.
    pub put: u64,
    /// Objects removed.
    pub delete: u64,
    /// Bytes of objects that came.
    pub read_bytes: u64,
    /// Bytes of objects that went.
    pub written_bytes: u64,
}

impl<S> Metered<S> {
    /// Counts from nothing.
    pub fn new(store: S) -> Metered<S> {
        Metered { store, meter: Arc::default() }
    }

    /// Another store, counted together with this one.
    #[must_use]
    pub fn beside(&self, store: S) -> Metered<S> {
        Metered { store, meter: Arc::clone(&self.meter) }
    }

    /// What has been asked so far.
    pub fn requests(&self) -> Requests {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Requests {
            list: read(&self.meter.list),
            get: read(&self.meter.get),
            head: read(&self.meter.head),
            put: read(&self.meter.put),
            delete: read(&self.meter.delete),
            read_bytes: read(&self.meter.read_bytes),
            written_bytes: read(&self.meter.written_bytes),
        }
    }
}

fn add(counter: &AtomicU64, number: u64) {
    counter.fetch_add(number, Ordering::Relaxed);
}

impl<S: Store> Store for Metered<S> {
    async fn list(&self, bucket: &str, prefix: &str) -> Result<Listing, StoreError> {
        let listing = self.store.list(bucket, prefix).await;
        let objects = listing.as_ref().map_or(0, |listing| listing.keys().count() as u64);
        add(&self.meter.list, 1 + objects.saturating_sub(1) / u64::from(MAX_PAGE_ENTRIES));
        listing
    }

    async fn page(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        add(&self.meter.list, 1);
        self.store.page(bucket, prefix, after, limit).await
    }

    async fn get(
        &self,
        bucket: &str,
        key: &str,
        condition: &Condition,
        max_bytes: u64,
    ) -> Result<Read, StoreError> {
        add(&self.meter.get, 1);
        let read = self.store.get(bucket, key, condition, max_bytes).await?;
        if let Read::Found(object) = &read {
            add(&self.meter.read_bytes, object.body.as_ref().map_or(0, |body| body.len() as u64));
        }
        Ok(read)
    }

    async fn open(
        &self,
        bucket: &str,
        key: &str,
        condition: &Condition,
        max_bytes: u64,
    ) -> Result<Read<Body>, StoreError> {
        add(&self.meter.get, 1);
        let read = self.store.open(bucket, key, condition, max_bytes).await?;
        if let Read::Found(Object { size, body: Some(_), .. }) = &read {
            add(&self.meter.read_bytes, *size);
        }
        Ok(read)
    }

    async fn attributes(&self, bucket: &str, key: &str) -> Result<Option<Attributes>, StoreError> {
        add(&self.meter.head, 1);
        self.store.attributes(bucket, key).await
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        object: NewObject,
        condition: &Condition,
    ) -> Result<Written, StoreError> {
        add(&self.meter.put, 1);
        let bytes = object.body.len() as u64;
        let written = self.store.put(bucket, key, object, condition).await?;
        if matches!(written, Written::Done(_)) {
            add(&self.meter.written_bytes, bytes);
        }
        Ok(written)
    }

    async fn delete(&self, bucket: &str, key: &str, condition: &Condition) -> Result<Written, StoreError> {
        add(&self.meter.delete, 1);
        self.store.delete(bucket, key, condition).await
    }
}
