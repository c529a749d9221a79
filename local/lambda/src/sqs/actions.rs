//! Which actions were taken on which queues: what a policy must allow whoever took them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The actions by their names in SQS's API, such as `SendMessage`, each with the name of its queue. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct ActionLog(Arc<Mutex<BTreeSet<(&'static str, String)>>>);

impl ActionLog {
    /// Everything that was done since the start, once for each action and queue.
    pub fn taken(&self) -> BTreeSet<(&'static str, String)> {
        self.lock().clone()
    }

    pub(crate) fn add(&self, action: &'static str, queue: &str) {
        self.lock().insert((action, queue.to_owned()));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<(&'static str, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
