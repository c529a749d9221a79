//! Who runs now: the processes of all environments and what each works on.
//!
//! It exists for those who watch, and for tests that kill a process in the middle of a named invocation.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An environment, as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningEnvironment {
    /// The function that it belongs to.
    pub function: String,
    /// Its process, which is also the leader of a process group.
    pub pid: u32,
    /// The request that it works on or starts for; `None` when it waits for work.
    pub request_id: Option<Arc<str>>,
}

#[derive(Debug, Default)]
pub(crate) struct Roster {
    running: Mutex<BTreeMap<u32, RunningEnvironment>>,
}

impl Roster {
    pub(crate) fn enter(self: &Arc<Self>, pid: u32, function: &str, request_id: Arc<str>) -> Entry {
        let running = RunningEnvironment { function: function.to_owned(), pid, request_id: Some(request_id) };
        self.lock().insert(pid, running);
        Entry { roster: self.clone(), pid }
    }

    pub(crate) fn list(&self) -> Vec<RunningEnvironment> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, RunningEnvironment>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One process's line in the roster, struck out when dropped.
#[derive(Debug)]
pub(crate) struct Entry {
    roster: Arc<Roster>,
    pid: u32,
}

impl Entry {
    pub(crate) fn set_request(&self, request_id: Option<Arc<str>>) {
        if let Some(running) = self.roster.lock().get_mut(&self.pid) {
            running.request_id = request_id;
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.roster.lock().remove(&self.pid);
    }
}
