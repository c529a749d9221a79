//! The real store, with something that happens at one of its requests.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use thumbline::store::{
    Attributes, Condition, ErrorKind, Listing, NewObject, Page, Read, StoreError, Written,
};
use thumbline::{S3Store, Store};
use tokio::sync::{Mutex, Notify, Semaphore, mpsc};

use super::case::Failure;

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Nothing,
    Fail(Failure),
    Die { after: bool },
    Pause,
}

/// A deed, and at which request it is done.
#[derive(Debug)]
pub(super) struct Plan {
    at: u64,
    deed: Deed,
    asked: AtomicU64,
    reached: Notify,
    go_on: Semaphore,
    /// Held by every request that is under way.
    flying: Mutex<Option<mpsc::Sender<()>>>,
    landed: Mutex<mpsc::Receiver<()>>,
}

impl Plan {
    pub(super) fn new(at: u64, deed: Deed) -> Arc<Plan> {
        let (flying, landed) = mpsc::channel(1);
        Arc::new(Plan {
            at,
            deed,
            asked: AtomicU64::new(0),
            reached: Notify::new(),
            go_on: Semaphore::new(0),
            flying: Mutex::new(Some(flying)),
            landed: Mutex::new(landed),
        })
    }

    /// Waits until the function has died, or stands still.
    pub(super) async fn reached(&self) {
        self.reached.notified().await;
    }

    /// Lets a function go on that stands still.
    pub(super) fn go_on(&self) {
        self.go_on.add_permits(1);
    }

    /// Waits until everything that was sent is carried out.
    pub(super) async fn land(&self) {
        self.flying.lock().await.take();
        // Closed when the last request lets go of it; nothing is ever sent.
        let _ = self.landed.lock().await.recv().await;
    }
}

/// A function's store.
pub(super) struct Staged {
    pub(super) store: S3Store,
    pub(super) plan: Arc<Plan>,
}

impl Staged {
    async fn request<T, F>(
        &self,
        call: impl FnOnce(S3Store) -> F,
        conflict: Option<T>,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let plan = &self.plan;
        let is_here = plan.asked.fetch_add(1, Ordering::SeqCst) + 1 == plan.at;
        match plan.deed {
            Deed::Fail(Failure::Conflict) if is_here => {
                return conflict.ok_or_else(|| error(ErrorKind::Refused));
            }
            Deed::Fail(failure) if is_here => return Err(error(failure.kind())),
            Deed::Die { after: false } if is_here => return self.die().await,
            Deed::Pause if is_here => {
                plan.reached.notify_one();
                if let Ok(permit) = plan.go_on.acquire().await {
                    permit.forget();
                }
            }
            _ => {}
        }
        // A task of its own: what was sent is carried out, whoever dies.
        let (call, flying) = (call(self.store.clone()), plan.flying.lock().await.clone());
        let sent = tokio::spawn(async move {
            let answer = call.await;
            drop(flying);
            answer
        });
        let answer = sent.await.unwrap_or_else(|_| Err(error(ErrorKind::Refused)));
        if is_here && plan.deed == (Deed::Die { after: true }) {
            return self.die().await;
        }
        answer
    }

    async fn die<T>(&self) -> T {
        self.plan.reached.notify_one();
        std::future::pending().await
    }
}

fn error(kind: ErrorKind) -> StoreError {
    StoreError {
        kind,
        operation: "on purpose",
        bucket: String::new(),
        key: String::new(),
        detail: "on purpose".to_owned(),
    }
}

impl Store for Staged {
    async fn list(&self, bucket: &str, prefix: &str) -> Result<Listing, StoreError> {
        let (bucket, prefix) = (bucket.to_owned(), prefix.to_owned());
        self.request(|store| async move { store.list(&bucket, &prefix).await }, None).await
    }

    async fn get(
        &self,
        bucket: &str,
        key: &str,
        condition: &Condition,
        max_bytes: u64,
    ) -> Result<Read, StoreError> {
        let (bucket, key, condition) = (bucket.to_owned(), key.to_owned(), condition.clone());
        let get = |store: S3Store| async move { store.get(&bucket, &key, &condition, max_bytes).await };
        self.request(get, None).await
    }

    async fn page(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        let (bucket, prefix, after) = (bucket.to_owned(), prefix.to_owned(), after.map(str::to_owned));
        let page =
            |store: S3Store| async move { store.page(&bucket, &prefix, after.as_deref(), limit).await };
        self.request(page, None).await
    }

    async fn attributes(&self, bucket: &str, key: &str) -> Result<Option<Attributes>, StoreError> {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        self.request(|store| async move { store.attributes(&bucket, &key).await }, None).await
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        object: NewObject,
        condition: &Condition,
    ) -> Result<Written, StoreError> {
        let (bucket, key, condition) = (bucket.to_owned(), key.to_owned(), condition.clone());
        let put = |store: S3Store| async move { store.put(&bucket, &key, object, &condition).await };
        self.request(put, Some(Written::Conflict)).await
    }

    async fn delete(&self, bucket: &str, key: &str, condition: &Condition) -> Result<Written, StoreError> {
        let (bucket, key, condition) = (bucket.to_owned(), key.to_owned(), condition.clone());
        let delete = |store: S3Store| async move { store.delete(&bucket, &key, &condition).await };
        self.request(delete, Some(Written::Conflict)).await
    }
}
