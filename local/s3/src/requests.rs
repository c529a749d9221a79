//! What was asked, and how it was answered: so that a test can say "one GET and three PUTs", and a log can show it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use serde::Serialize;
use tokio::sync::broadcast;

/// Records held for [`RequestLog::recent`], and for a subscriber that is slow.
const KEPT_RECORDS: usize = 4_096;

/// The name under which requests are counted that did not get as far as being understood.
pub(crate) const UNKNOWN_OPERATION: &str = "Unknown";

/// A request that was answered, or whose connection was dropped.
#[derive(Debug, Clone, Serialize)]
pub struct RequestRecord {
    /// `x-amz-request-id` of the answer.
    pub id: String,
    /// The operation by its name in S3's API, such as `PutObject`; `Unknown` for a request that was turned away
    /// before it was understood, such as one with a bad signature.
    pub operation: String,
    /// The bucket that the path names.
    pub bucket: Option<String>,
    /// The key that the path names.
    pub key: Option<String>,
    /// What the client said of itself. The SDKs name the Lambda runtime in it that they run in.
    pub user_agent: String,
    /// The status of the answer; 0 if the connection was dropped instead.
    pub status: u16,
    /// Bytes of the request's body, as far as its headers tell.
    pub received_bytes: u64,
    /// Bytes of the answer's body, as far as its headers tell.
    pub sent_bytes: u64,
}

impl RequestRecord {
    /// Whether the answer was a success, or told the client that what it has is still good.
    pub fn is_success(&self) -> bool {
        StatusCode::from_u16(self.status)
            .is_ok_and(|status| status.is_success() || status == StatusCode::NOT_MODIFIED)
    }
}

/// A handle to the log. Clones share it. A request is in the log before its answer is on its way.
#[derive(Debug, Clone)]
pub struct RequestLog(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sender: broadcast::Sender<RequestRecord>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    counts: BTreeMap<String, u64>,
    recent: VecDeque<RequestRecord>,
}

impl Default for RequestLog {
    fn default() -> Self {
        let (sender, _) = broadcast::channel(KEPT_RECORDS);
        Self(Arc::new(Shared { sender, state: Mutex::default() }))
    }
}

impl RequestLog {
    /// Receives every request that is answered from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<RequestRecord> {
        self.0.sender.subscribe()
    }

    /// How many requests of an operation were answered since the start, whatever the answer was.
    pub fn count(&self, operation: &str) -> u64 {
        self.state().counts.get(operation).copied().unwrap_or_default()
    }

    /// The same for every operation that was asked for.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.state().counts.clone()
    }

    /// The last few thousand requests, oldest first.
    pub fn recent(&self) -> Vec<RequestRecord> {
        self.state().recent.iter().cloned().collect()
    }

    pub(crate) fn add(&self, record: RequestRecord) {
        let mut state = self.state();
        *state.counts.entry(record.operation.clone()).or_default() += 1;
        if state.recent.len() == KEPT_RECORDS {
            state.recent.pop_front();
        }
        state.recent.push_back(record.clone());
        // Sent while the lock is held, so that subscribers see requests in the order that `recent` has. Fails only
        // while there is no subscriber.
        let _ = self.0.sender.send(record);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
