//! The service itself: functions that are invoked, now or later, and watched.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use redb::{Database, WriteTransaction};
use serde_json::value::RawValue;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinSet;

use crate::account::Account;
use crate::activity::Activity;
use crate::clock;
use crate::database::{self, StoreError};
use crate::delivery;
use crate::environment::Surroundings;
use crate::events::{self, StoredEvent};
use crate::fleet::{Fleet, Slot};
use crate::function::FunctionConfig;
use crate::invocation::{Attempt, Invocation, InvocationRecord, new_request_id};
use crate::log::LogSink;
use crate::mapping::{self, EventSource};
use crate::roster::{Roster, RunningEnvironment};
use crate::service::Service;
use crate::sqs::{Sqs, SqsError};

/// How many finished invocations a slow watcher may lag behind before it misses some.
const RECORDS_KEPT: usize = 4096;

/// The most bytes of a synchronous invocation's payload: 6 MB.
const MAX_SYNCHRONOUS_BYTES: usize = 6 * 1024 * 1024;
/// The most bytes of an asynchronous invocation's payload: 1 MB since October 2025.
pub(crate) const MAX_ASYNCHRONOUS_BYTES: usize = 1024 * 1024;

/// The longest timeout of a function.
const MAX_TIMEOUT: Duration = Duration::from_mins(15);

/// What a Lambda is made of.
#[derive(Debug)]
pub struct LambdaOptions {
    /// Whose functions they are.
    pub account: Account,
    /// Keeps the events that are not finished.
    pub database: Arc<Database>,
    /// The queues that failures go to and event sources read, over the same database.
    pub queues: Sqs,
    /// The functions.
    pub functions: Vec<FunctionConfig>,
    /// The queues that feed functions.
    pub sources: Vec<EventSource>,
    /// For how long an environment waits for work before it is stopped.
    pub idle_limit: Duration,
    /// Receives the functions' logs.
    pub logs: LogSink,
}

/// Why a Lambda cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A function's configuration cannot work.
    #[error("function `{function}`: {reason}")]
    Function {
        /// The function's name.
        function: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// Two functions share a name.
    #[error("two functions are named `{0}`; names must differ")]
    SameName(String),
    /// An event source names what is not there.
    #[error("the event source from queue `{queue}` to function `{function}`: {reason}")]
    Source {
        /// The queue.
        queue: String,
        /// The function.
        function: String,
        /// What is wrong.
        reason: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an invocation was not accepted. What a function itself does wrong is not this, but an [`Attempt`].
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// There is no such function.
    #[error("Function not found: {0}")]
    UnknownFunction(String),
    /// The payload is not JSON.
    #[error("Could not parse request body into json: {0}")]
    NotJson(serde_json::Error),
    /// The payload is too large for its kind of invocation.
    #[error("Request must be smaller than {max} bytes for the InvokeFunction operation, not {sent}")]
    TooLarge {
        /// The limit, in bytes.
        max: usize,
        /// What was sent, in bytes.
        sent: usize,
    },
    /// All environments of the function are busy.
    #[error("Rate Exceeded.")]
    Throttled,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A Lambda for one machine. Cheap to clone; it stops when [`stop`](Self::stop)ped or when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Lambda {
    pub(crate) service: Arc<Service>,
    /// Everything that runs in the background, aborted when dropped.
    tasks: Arc<Mutex<JoinSet<()>>>,
}

impl Lambda {
    /// Starts delivering: first the events that an earlier run left behind. Must be called in a Tokio runtime.
    pub async fn start(options: LambdaOptions) -> Result<Self, StartError> {
        let LambdaOptions { account, database, queues, functions, sources, idle_limit, logs } = options;
        database::write(&database, events::prepare).await?;
        let surroundings = Arc::new(Surroundings { account, logs, roster: Arc::new(Roster::default()) });
        let mut fleets = BTreeMap::new();
        for function in functions {
            check(&function, &queues)?;
            let name = function.name.clone();
            let fleet = Arc::new(Fleet::new(function, surroundings.clone(), idle_limit));
            if fleets.insert(name.clone(), fleet).is_some() {
                return Err(StartError::SameName(name));
            }
        }
        let (records, _) = broadcast::channel(RECORDS_KEPT);
        let activity = Activity::new();
        let enabled: Vec<_> = sources.into_iter().filter(|source| source.enabled).collect();
        let sources = enabled.iter().map(|source| source.queue.clone()).collect();
        let service =
            Arc::new(Service { surroundings, database, fleets, queues, activity, records, sources });

        let mut tasks = JoinSet::new();
        let mut couriers = BTreeMap::new();
        for (name, fleet) in &service.fleets {
            let (courier, arrivals) = mpsc::unbounded_channel();
            tasks.spawn(delivery::deliver_events(service.clone(), fleet.clone(), arrivals, courier.clone()));
            let fleet = fleet.clone();
            tasks.spawn(async move { fleet.retire_idle().await });
            couriers.insert(name.clone(), courier);
        }
        for source in enabled {
            let fleet = check_source(&service, &source)?;
            tasks.spawn(mapping::poll(service.clone(), fleet, source));
        }
        service.activity.announce();
        tasks.spawn(delivery::read_events(service.clone(), couriers));
        Ok(Self { service, tasks: Arc::new(Mutex::new(tasks)) })
    }

    /// Accepts an event for later in the caller's transaction: it exists if that is committed, and only then. Call
    /// [`wake`](Self::wake) after the commit. Returns the request id that all attempts will have.
    pub fn enqueue_in(
        &self,
        transaction: &WriteTransaction,
        function: &str,
        payload: &str,
    ) -> Result<String, InvokeError> {
        let event = self.accept(function, payload)?;
        events::append(transaction, &event)?;
        Ok(event.request_id)
    }

    /// Accepts an event for later, in a transaction of its own. Returns the request id.
    pub async fn enqueue(&self, function: &str, payload: &str) -> Result<String, InvokeError> {
        let event = self.accept(function, payload)?;
        let request_id = event.request_id.clone();
        database::write(&self.service.database, move |transaction| events::append(transaction, &event))
            .await?;
        self.wake();
        Ok(request_id)
    }

    /// Says that events were committed.
    pub fn wake(&self) {
        self.service.activity.announce();
    }

    /// Runs a function now and waits for it.
    pub async fn invoke(&self, function: &str, payload: Bytes) -> Result<Attempt, InvokeError> {
        self.run(function, Invocation::new(payload)).await
    }

    /// The same, but waits for an environment when all are busy, where Lambda would start one more: it has a thousand of
    /// them and a laptop a few.
    pub async fn invoke_when_free(&self, function: &str, payload: Bytes) -> Result<Attempt, InvokeError> {
        let invocation = Invocation::new(payload);
        let fleet = self.check(function, &invocation)?;
        let slot = fleet.reserve().await.ok_or(InvokeError::Store(StoreError::Stopping))?;
        self.run_in(slot, fleet, invocation).await
    }

    pub(crate) async fn run(&self, function: &str, invocation: Invocation) -> Result<Attempt, InvokeError> {
        let fleet = self.check(function, &invocation)?;
        let slot = fleet.try_reserve().ok_or(InvokeError::Throttled)?;
        self.run_in(slot, fleet, invocation).await
    }

    /// Whether this can be invoked now, and where.
    fn check(&self, function: &str, invocation: &Invocation) -> Result<&Arc<Fleet>, InvokeError> {
        let fleet = self.fleet(function)?;
        check_size(invocation.payload.len(), MAX_SYNCHRONOUS_BYTES)?;
        serde_json::from_slice::<&RawValue>(&invocation.payload).map_err(InvokeError::NotJson)?;
        Ok(fleet)
    }

    async fn run_in(
        &self,
        slot: Slot,
        fleet: &Arc<Fleet>,
        invocation: Invocation,
    ) -> Result<Attempt, InvokeError> {
        // On Lambda an invocation runs to its end even if its caller has gone away, so it is not the caller's future
        // that runs it.
        let (service, fleet) = (self.service.clone(), fleet.clone());
        let (finished, answer) = oneshot::channel();
        self.spawn(async move {
            let _busy = service.activity.begin();
            let attempt = fleet.run(slot, &invocation).await;
            service.publish(InvocationRecord::new(&fleet.function.name, &invocation, 1, &attempt, false));
            let _ = finished.send(attempt);
        });
        answer.await.map_err(|_| InvokeError::Store(StoreError::Stopping))
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// The functions' configurations, in the order of their names.
    pub fn functions(&self) -> impl Iterator<Item = &FunctionConfig> {
        self.service.fleets.values().map(|fleet| fleet.function.as_ref())
    }

    /// Every invocation that finishes from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<InvocationRecord>> {
        self.service.records.subscribe()
    }

    /// All environments that are alive now.
    pub fn running(&self) -> Vec<RunningEnvironment> {
        self.service.surroundings.roster.list()
    }

    /// Waits until no event is pending, nothing runs, and the queues that feed functions are empty. A message that
    /// fails again and again and has no dead-letter queue to go to is waited for as long as it is kept.
    pub async fn idle(&self) {
        loop {
            self.service.activity.idle().await;
            let mut waited = false;
            for queue in &self.service.sources {
                match self.service.queues.counts(queue) {
                    Ok(counts) if counts.total() > 0 => {
                        waited = true;
                        // A queue that cannot be read is nothing to wait for.
                        let _ = self.service.queues.wait_empty(queue).await;
                    }
                    _ => {}
                }
            }
            if !waited {
                return;
            }
        }
    }

    /// Stops at once: what runs is killed, and comes again when the stack starts again. Returns when it has ended.
    pub async fn stop(&self) {
        let mut tasks = self.end();
        tasks.shutdown().await;
    }

    /// The same without waiting.
    pub fn abort(&self) {
        self.end().abort_all();
    }

    fn end(&self) -> JoinSet<()> {
        for fleet in self.service.fleets.values() {
            fleet.stop();
        }
        std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn fleet(&self, function: &str) -> Result<&Arc<Fleet>, InvokeError> {
        self.service.fleets.get(function).ok_or_else(|| {
            InvokeError::UnknownFunction(self.service.surroundings.account.function_arn(function))
        })
    }

    fn accept(&self, function: &str, payload: &str) -> Result<StoredEvent, InvokeError> {
        self.fleet(function)?;
        check_size(payload.len(), MAX_ASYNCHRONOUS_BYTES)?;
        serde_json::from_str::<&RawValue>(payload).map_err(InvokeError::NotJson)?;
        let now_ms = clock::now_ms();
        Ok(StoredEvent {
            function: function.to_owned(),
            request_id: new_request_id(),
            payload: payload.to_owned(),
            accepted_ms: now_ms,
            due_ms: now_ms,
            attempts: 0,
            last_error: None,
        })
    }
}

/// Whether a payload of this size is taken.
pub(crate) fn check_size(sent: usize, max: usize) -> Result<(), InvokeError> {
    if sent > max { Err(InvokeError::TooLarge { max, sent }) } else { Ok(()) }
}

fn check(function: &FunctionConfig, queues: &Sqs) -> Result<(), StartError> {
    let fail = |reason: String| StartError::Function { function: function.name.clone(), reason };
    if function.concurrency == 0 {
        return Err(fail("the concurrency is 0, so it could never run; give it at least 1".into()));
    }
    if function.timeout.is_zero() || function.timeout > MAX_TIMEOUT {
        return Err(fail("the timeout must be longer than nothing and at most 15 minutes".into()));
    }
    if !function.task_root.is_dir() {
        let folder = function.task_root.display();
        return Err(fail(format!("its package `{folder}` is not a folder; build the package first")));
    }
    if let Some(queue) = &function.asynchronous.on_failure
        && let Err(error) = queues.queue(queue)
    {
        return Err(fail(match error {
            SqsError::QueueDoesNotExist => {
                format!("its failure destination `{queue}` is not a queue of the stack")
            }
            other => other.to_string(),
        }));
    }
    Ok(())
}

fn check_source(service: &Service, source: &EventSource) -> Result<Arc<Fleet>, StartError> {
    let fail = |reason: String| StartError::Source {
        queue: source.queue.clone(),
        function: source.function.clone(),
        reason,
    };
    service.queues.queue(&source.queue).map_err(|error| fail(error.to_string()))?;
    if !(1..=10).contains(&source.batch_size) {
        return Err(fail(format!(
            "a batch of {} is not possible; it takes 1 to 10 messages",
            source.batch_size
        )));
    }
    service.fleets.get(&source.function).cloned().ok_or_else(|| fail("there is no such function".into()))
}
