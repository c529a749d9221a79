//! What all parts of the stack's Lambda share.

use std::collections::BTreeMap;
use std::sync::Arc;

use redb::Database;
use tokio::sync::broadcast;

use crate::activity::Activity;
use crate::environment::Surroundings;
use crate::fleet::Fleet;
use crate::invocation::InvocationRecord;
use crate::sqs::Sqs;

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) surroundings: Arc<Surroundings>,
    pub(crate) database: Arc<Database>,
    /// The functions by name.
    pub(crate) fleets: BTreeMap<String, Arc<Fleet>>,
    pub(crate) queues: Sqs,
    pub(crate) activity: Activity,
    pub(crate) records: broadcast::Sender<Arc<InvocationRecord>>,
    /// The queues that feed functions.
    pub(crate) sources: Vec<String>,
}

impl Service {
    /// Tells everybody who watches.
    pub(crate) fn publish(&self, record: InvocationRecord) {
        // An error means that nobody does.
        let _ = self.records.send(Arc::new(record));
    }
}
