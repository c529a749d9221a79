//! Queues: an SQS for one machine, durable in the stack's database.
//!
//! Standard queues with visibility timeouts, delays, retention, long polling and dead-letter queues. FIFO queues are
//! refused by name: the stack's template has none, and pretending would be worse.

mod actions;
mod api;
mod error;
mod message;
mod queue;
mod shapes;
mod store;

use std::sync::Arc;
use std::time::Duration;

use redb::{Database, WriteTransaction};
use tokio::sync::watch;
use tokio::time::Instant;

pub use actions::ActionLog;
pub use error::SqsError;
pub(crate) use message::md5_hex;
pub use message::{MessageAttribute, NewMessage, ReceivedMessage, SentMessage};
pub use queue::{QueueConfig, QueueCounts, Redrive};

use crate::account::{Account, queue_name};
use crate::clock;
use crate::database;

/// All queues of the stack. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sqs {
    account: Arc<Account>,
    database: Arc<Database>,
    /// Goes up when anything changes in any queue, so that whoever waits looks again.
    changes: watch::Sender<u64>,
    actions: ActionLog,
}

impl Sqs {
    /// Opens the queues of a database, and creates or adjusts those given. Messages stay.
    pub async fn open(
        database: Arc<Database>,
        account: Account,
        queues: Vec<QueueConfig>,
    ) -> Result<Self, SqsError> {
        for queue in &queues {
            queue.check()?;
        }
        let now_ms = clock::now_ms();
        database::write(&database, move |transaction| {
            store::prepare(transaction)?;
            queues.iter().try_for_each(|queue| store::configure(transaction, queue, now_ms))?;
            // Only now, since a queue may come before the one that takes its dead letters.
            queues.iter().try_for_each(|queue| store::check_redrive(transaction, queue))
        })
        .await?;
        let (account, changes) = (Arc::new(account), watch::Sender::new(0));
        Ok(Self { account, database, changes, actions: ActionLog::default() })
    }

    /// The queue's configuration, by name, ARN or URL.
    pub fn queue(&self, queue: &str) -> Result<QueueConfig, SqsError> {
        Ok(store::queue(&self.database, queue_name(queue))?.config)
    }

    /// What was done with the queues, by clients and by Lambda for its functions.
    pub fn actions(&self) -> &ActionLog {
        &self.actions
    }

    /// The names of all queues, in order.
    pub fn names(&self) -> Result<Vec<String>, SqsError> {
        store::names(&self.database)
    }

    /// How many messages the queue holds.
    pub fn counts(&self, queue: &str) -> Result<QueueCounts, SqsError> {
        store::counts(&self.database, queue_name(queue), clock::now_ms())
    }

    /// Sends one message.
    pub async fn send(&self, queue: &str, message: NewMessage) -> Result<SentMessage, SqsError> {
        let queue = queue_name(queue).to_owned();
        self.actions.add("SendMessage", &queue);
        let sent =
            self.write(move |transaction| store::put(transaction, &queue, message, clock::now_ms())).await;
        self.announce();
        sent
    }

    /// Receives up to `max` messages, waiting up to `wait` for the first. They stay invisible to others for the queue's
    /// visibility timeout, or the one given.
    pub async fn receive(
        &self,
        queue: &str,
        max: usize,
        wait: Duration,
        visibility: Option<Duration>,
    ) -> Result<Vec<ReceivedMessage>, SqsError> {
        // A wait beyond the end of time has no deadline.
        let deadline = Instant::now().checked_add(wait);
        loop {
            if !self.wait_visible(queue, deadline).await? {
                return Ok(Vec::new());
            }
            let name = queue_name(queue).to_owned();
            self.actions.add("ReceiveMessage", &name);
            let taken = self
                .write(move |transaction| store::take(transaction, &name, max, visibility, clock::now_ms()))
                .await?;
            // Some may have gone to a dead-letter queue, where others wait for them.
            self.announce();
            // Somebody else may have been faster, or all that was there was too old.
            if !taken.is_empty() {
                return Ok(taken);
            }
        }
    }

    /// Waits until a message is visible. `false` when the deadline comes first.
    pub(crate) async fn wait_visible(
        &self,
        queue: &str,
        deadline: Option<Instant>,
    ) -> Result<bool, SqsError> {
        let mut changes = self.changes.subscribe();
        loop {
            changes.mark_unchanged();
            let now_ms = clock::now_ms();
            let next_ms = store::next_visible(&self.database, queue_name(queue))?;
            if next_ms.is_some_and(|next_ms| next_ms <= now_ms) {
                return Ok(true);
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Ok(false);
            }
            let next = next_ms.and_then(|next_ms| {
                Instant::now().checked_add(Duration::from_millis(next_ms.saturating_sub(now_ms)))
            });
            let until = [next, deadline].into_iter().flatten().min();
            tokio::select! {
                _ = changes.changed() => {}
                () = sleep_until(until) => {}
            }
        }
    }

    /// Waits until the queue holds no message at all, visible or not.
    pub(crate) async fn wait_empty(&self, queue: &str) -> Result<(), SqsError> {
        let mut changes = self.changes.subscribe();
        loop {
            changes.mark_unchanged();
            if self.counts(queue)?.total() == 0 {
                return Ok(());
            }
            let _ = changes.changed().await;
        }
    }

    /// Deletes a received message. A handle from an earlier receipt than the last deletes nothing.
    pub async fn delete(&self, queue: &str, receipt_handle: &str) -> Result<(), SqsError> {
        let (queue, handle) = (queue_name(queue).to_owned(), receipt_handle.to_owned());
        self.actions.add("DeleteMessage", &queue);
        let deleted = self.write(move |transaction| store::delete(transaction, &queue, &handle)).await;
        self.announce();
        deleted
    }

    /// Makes a received message visible again after `timeout` from now.
    pub async fn change_visibility(
        &self,
        queue: &str,
        receipt_handle: &str,
        timeout: Duration,
    ) -> Result<(), SqsError> {
        let (queue, handle) = (queue_name(queue).to_owned(), receipt_handle.to_owned());
        self.actions.add("ChangeMessageVisibility", &queue);
        let changed = self
            .write(move |transaction| {
                store::change_visibility(transaction, &queue, &handle, timeout, clock::now_ms())
            })
            .await;
        self.announce();
        changed
    }

    /// Deletes every message of the queue.
    pub async fn purge(&self, queue: &str) -> Result<(), SqsError> {
        let queue = queue_name(queue).to_owned();
        self.write(move |transaction| store::purge(transaction, &queue)).await?;
        self.announce();
        Ok(())
    }

    /// Creates a queue. Creating it again with the same configuration changes nothing.
    pub async fn create(&self, queue: QueueConfig) -> Result<(), SqsError> {
        queue.check()?;
        self.write(move |transaction| store::create(transaction, &queue, clock::now_ms())).await
    }

    /// Sends a message in somebody else's transaction. Say that it is [`sent`](Self::sent) after the commit.
    ///
    /// No limit applies: what goes here is the record of an event that was given up, which a little more than the
    /// largest event must not make disappear.
    pub(crate) fn put_in(
        transaction: &WriteTransaction,
        queue: &str,
        body: String,
    ) -> Result<SentMessage, SqsError> {
        store::put_whatever(transaction, queue_name(queue), NewMessage::text(body), clock::now_ms())
    }

    /// A message that was [`put_in`](Self::put_in) is there.
    pub(crate) fn sent(&self, queue: &str) {
        self.actions.add("SendMessage", queue_name(queue));
        self.announce();
    }

    /// Lets everybody who waits look again.
    pub(crate) fn announce(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<T, SqsError> + Send + 'static,
    ) -> Result<T, SqsError> {
        database::write(&self.database, work).await
    }
}

async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
