//! Asynchronous delivery: from the events on disk to the function, again if it fails, and to the failure queue at
//! last.
//!
//! One reader follows the table; one courier per function has that function's events in the order in which they are
//! due, so that a busy or failing function holds up no other. Waiting for a free environment counts as nothing: only
//! an attempt that ran and failed is an attempt.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::clock;
use crate::database::{self, StoreError};
use crate::destination::{self, Condition};
use crate::events::{self, Pending, StoredEvent};
use crate::fleet::{Fleet, Slot};
use crate::invocation::{FunctionError, Invocation, InvocationRecord};
use crate::service::Service;
use crate::sqs::{Sqs, SqsError};

/// The wait before trying again after the database failed. This is nobody's attempt.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// Follows the table of events and hands new ones to the courier of their function. Never returns.
pub(crate) async fn read_events(
    service: Arc<Service>,
    couriers: BTreeMap<String, mpsc::UnboundedSender<Pending>>,
) {
    let mut last = 0;
    loop {
        let announcement = service.activity.announced().await;
        let events = match events::after(&service.database, last) {
            Ok(events) => events,
            Err(error) => {
                tracing::error!(%error, "cannot read the events that wait for delivery; trying again");
                tokio::time::sleep(DATABASE_PAUSE).await;
                continue;
            }
        };
        let mut known = Vec::new();
        for (function, pending) in events {
            last = last.max(pending.sequence);
            match couriers.get(&function) {
                Some(courier) => known.push((courier, pending)),
                None => tracing::warn!(
                    function,
                    "an event waits for a function that the template no longer has; it is kept"
                ),
            }
        }
        // Counted before they are handed over: a courier may finish one at once.
        service.activity.read(announcement, known.len());
        for (courier, pending) in known {
            // A courier ends only when everything does.
            let _ = courier.send(pending);
        }
    }
}

/// Delivers the events of one function. Never returns until the fleet is stopped.
pub(crate) async fn deliver_events(
    service: Arc<Service>,
    fleet: Arc<Fleet>,
    mut arrivals: mpsc::UnboundedReceiver<Pending>,
    returns: mpsc::UnboundedSender<Pending>,
) {
    let mut waiting = BinaryHeap::new();
    let mut attempts = JoinSet::new();
    loop {
        let wait = waiting.peek().map(|Reverse(next): &Reverse<Pending>| {
            Duration::from_millis(next.due_ms.saturating_sub(clock::now_ms()))
        });
        tokio::select! {
            Some(pending) = arrivals.recv() => waiting.push(Reverse(pending)),
            Some(_) = attempts.join_next() => {}
            slot = due_slot(&fleet, wait) => {
                let Some(slot) = slot else { return };
                if let Some(Reverse(pending)) = waiting.pop() {
                    let courier =
                        Courier { service: service.clone(), fleet: fleet.clone(), returns: returns.clone() };
                    attempts.spawn(async move { courier.attempt(slot, pending.sequence).await });
                }
            }
        }
    }
}

/// Waits until the next event is due, and then for an environment to run it in.
async fn due_slot(fleet: &Fleet, wait: Option<Duration>) -> Option<Slot> {
    match wait {
        Some(wait) => {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            fleet.reserve().await
        }
        None => std::future::pending().await,
    }
}

struct Courier {
    service: Arc<Service>,
    fleet: Arc<Fleet>,
    returns: mpsc::UnboundedSender<Pending>,
}

/// What becomes of an event after an attempt.
enum Fate {
    Done,
    Again(StoredEvent),
    GivenUp(StoredEvent, Condition),
}

impl Courier {
    async fn attempt(&self, slot: Slot, sequence: u64) {
        if let Err(error) = self.try_attempt(slot, sequence).await {
            tracing::error!(%error, "cannot record what became of an event; it will be delivered again");
            tokio::time::sleep(DATABASE_PAUSE).await;
            let _ = self.returns.send(Pending { due_ms: clock::now_ms(), sequence });
        }
    }

    async fn try_attempt(&self, slot: Slot, sequence: u64) -> Result<(), StoreError> {
        let Some(event) = events::load(&self.service.database, sequence)? else {
            self.service.activity.finish();
            return Ok(());
        };
        let limits = &self.fleet.function.asynchronous;
        let expires_ms = event.accepted_ms.saturating_add(clock::milliseconds(limits.max_event_age));
        if clock::now_ms() >= expires_ms {
            drop(slot);
            self.settle(sequence, Fate::GivenUp(event, Condition::EventAgeExceeded)).await?;
            return Ok(());
        }

        let invocation = Invocation {
            request_id: event.request_id.as_str().into(),
            payload: Bytes::from(event.payload.clone()),
            client_context: None,
        };
        let finished = self.fleet.run(slot, &invocation).await;
        let fate = match &finished.outcome {
            Ok(_) => Fate::Done,
            Err(error) => self.after_failure(event.clone(), error, expires_ms),
        };
        let will_retry = matches!(fate, Fate::Again(_));
        let record = InvocationRecord::new(
            &self.fleet.function.name,
            &invocation,
            event.attempts.saturating_add(1),
            &finished,
            will_retry,
        );
        // Told only when it is settled: who hears that an event was given up finds it in the failure queue.
        let finishes = self.settle_with(sequence, fate).await?;
        self.service.publish(record);
        if finishes {
            self.service.activity.finish();
        }
        Ok(())
    }

    fn after_failure(&self, mut event: StoredEvent, error: &FunctionError, expires_ms: u64) -> Fate {
        let delay = usize::try_from(event.attempts)
            .ok()
            .and_then(|attempts| self.fleet.function.asynchronous.retry_delays.get(attempts));
        event.attempts = event.attempts.saturating_add(1);
        event.last_error = Some(error.document.clone());
        match delay {
            Some(delay) => {
                // What would be too old by then is given up as soon as it is.
                let due_ms = clock::now_ms().saturating_add(clock::milliseconds(*delay));
                event.due_ms = due_ms.min(expires_ms);
                Fate::Again(event)
            }
            None => Fate::GivenUp(event, Condition::RetriesExhausted),
        }
    }

    async fn settle(&self, sequence: u64, fate: Fate) -> Result<(), StoreError> {
        if self.settle_with(sequence, fate).await? {
            self.service.activity.finish();
        }
        Ok(())
    }

    /// Writes an event's fate in one transaction. Says whether the event is finished.
    async fn settle_with(&self, sequence: u64, fate: Fate) -> Result<bool, StoreError> {
        let (again, given_up) = match fate {
            Fate::Done => (None, None),
            Fate::Again(event) => (Some(event), None),
            Fate::GivenUp(event, condition) => (None, Some((event, condition))),
        };
        let due_ms = again.as_ref().map(|event| event.due_ms);
        let letter = given_up.and_then(|(event, condition)| self.letter(&event, condition));
        let sent_to = letter.as_ref().map(|(queue, _)| queue.clone());
        database::write(&self.service.database, move |transaction| {
            if let Some(event) = again {
                return events::replace(transaction, sequence, &event);
            }
            if let Some((queue, body)) = letter {
                match Sqs::put_in(transaction, &queue, body) {
                    Ok(_) => {}
                    Err(SqsError::Store(error)) => return Err(error),
                    // Checked when the stack started, and queues are never deleted.
                    Err(error) => tracing::error!(queue, %error, "an event was given up and cannot be kept"),
                }
            }
            events::remove(transaction, sequence)
        })
        .await?;
        if let Some(queue) = sent_to {
            self.service.queues.sent(&queue);
        }
        if let Some(due_ms) = due_ms {
            let _ = self.returns.send(Pending { due_ms, sequence });
        }
        Ok(due_ms.is_none())
    }

    /// The destination's queue and the record for it, if the function has a destination.
    fn letter(&self, event: &StoredEvent, condition: Condition) -> Option<(String, String)> {
        let function = &event.function;
        let Some(queue) = self.fleet.function.asynchronous.on_failure.clone() else {
            tracing::warn!(
                function,
                request_id = event.request_id,
                ?condition,
                "an event was given up and dropped: the function has no failure destination"
            );
            return None;
        };
        match destination::record(&self.service.surroundings.account, event, condition, clock::now_ms()) {
            Ok(record) => Some((queue, record)),
            Err(error) => {
                // Payloads are checked when they are accepted and error documents when they are made.
                tracing::error!(function, %error, "an event was given up but cannot be described");
                None
            }
        }
    }
}
