//! S3 Batch Operations for one machine: jobs that call a function for every object of a list, through S3 Control's API.
//!
//! Create, describe, list and cancel jobs of the operation `LambdaInvoke` over a CSV manifest. A job reads its manifest
//! and writes its report through the same S3 as everybody, calls the function with events of schema 1.0 or 2.0, tries
//! again what fails for now, and may do what its role's policies say and nothing else.
//!
//! Jobs live as long as the stack. There is no threshold of failures beyond which a job is given up, and nobody confirms.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops.html>

mod api;
mod job;
mod report;
mod worker;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_s3::Client;
use thumbline_local_lambda::{Account, Lambda};
use tokio::task::JoinSet;

use self::job::Job;
use crate::template::Permission;

/// All jobs of the stack. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Jobs {
    account: Arc<Account>,
    lambda: Lambda,
    s3: Client,
    /// What each role may do, by its ARN.
    permissions: Arc<BTreeMap<String, Vec<Permission>>>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// By their ids.
    jobs: BTreeMap<String, Job>,
    workers: JoinSet<()>,
}

impl Jobs {
    pub(crate) fn new(
        account: Account,
        lambda: Lambda,
        s3: Client,
        permissions: BTreeMap<String, Vec<Permission>>,
    ) -> Jobs {
        let (account, permissions) = (Arc::new(account), Arc::new(permissions));
        Jobs { account, lambda, s3, permissions, state: Arc::default() }
    }

    /// Ends all jobs where they are.
    pub(crate) fn stop(&self) {
        self.lock().workers.abort_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a job, if it is there.
    fn update<T>(&self, id: &str, change: impl FnOnce(&mut Job) -> T) -> Option<T> {
        self.lock().jobs.get_mut(id).map(change)
    }

    /// Whether a role may do this.
    fn allows(&self, role: &str, action: &str, resource: &str) -> bool {
        let matches = |pattern: &str| match pattern.split_once('*') {
            Some((begins, "")) => resource.starts_with(begins),
            _ => pattern == resource,
        };
        let granted = self.permissions.get(role);
        granted.is_some_and(|granted| granted.iter().any(|p| p.action == action && matches(&p.resource)))
    }
}
