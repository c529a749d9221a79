//! One run over the queue: every event once, and an end also where events keep coming back.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use thumbline::aws::AwsError;
use thumbline::queue::{Failure, FailureQueue};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};

use super::driver::{Driver, Settled};
use super::report::Reporter;
use crate::interrupt::Interrupt;

/// How long SQS is asked to wait for a message: then it asks all of its machines.
const WAIT_SECONDS: u32 = 1;
/// How often in a row it must find none for the queue to count as empty.
const EMPTY_ANSWERS: u32 = 2;
/// How often in a row it may fail.
const MAX_FAILURES: u32 = 5;
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);
/// Of the time for which an event is hidden, how much its pictures may take. The rest is for removing it.
const WORK_SHARE: f64 = 0.9;

pub(crate) struct Run {
    queue: FailureQueue,
    driver: Arc<Driver>,
    at_once: usize,
    hidden: Duration,
}

/// The events that the run has met.
#[derive(Default)]
struct Met {
    ids: HashSet<String>,
    /// Those that stay, by their ids. They are hidden until the run ends, so that it does not meet them again.
    staying: HashMap<String, Failure>,
    /// How many events in a row were met again, because the run has taken longer than they are hidden for. When there are
    /// more than all that stay, nothing else is left.
    again: usize,
}

impl Run {
    pub(crate) fn new(queue: FailureQueue, driver: Driver, at_once: usize, hidden: Duration) -> Run {
        Run { queue, driver: Arc::new(driver), at_once, hidden }
    }

    /// Takes events until there are no more, or somebody asks to stop. What was taken is dealt with in any case, and what
    /// stays is given back.
    pub(crate) async fn until_empty(
        &self,
        mut reporter: Reporter,
        interrupt: &Interrupt,
    ) -> (Reporter, Result<()>) {
        let (mut met, mut at_work) = (Met::default(), JoinSet::new());
        let taken = self.take_all(&mut met, &mut at_work, &mut reporter, interrupt).await;
        while let Some(settled) = at_work.join_next().await {
            met.settle(settled, &mut reporter);
        }
        let staying: Vec<Failure> = met.staying.into_values().collect();
        let given_back = self.queue.give_back(&staying).await.map(drop).context(
            "the events that stay were not given back; the queue has them again when they have been hidden for as \
             long as --hide says",
        );
        (reporter, taken.and(given_back))
    }

    async fn take_all(
        &self,
        met: &mut Met,
        at_work: &mut JoinSet<Settled>,
        reporter: &mut Reporter,
        interrupt: &Interrupt,
    ) -> Result<()> {
        let seats = Arc::new(Semaphore::new(self.at_once));
        let hidden_seconds = u32::try_from(self.hidden.as_secs()).unwrap_or(u32::MAX);
        let (mut empty_answers, mut failures) = (0, 0);
        while empty_answers < EMPTY_ANSWERS && met.again <= met.staying.len() {
            // The next ten are taken when all but the last ten have a seat.
            while at_work.len() > self.at_once {
                let Some(settled) = at_work.join_next().await else { break };
                met.settle(settled, reporter);
            }
            if interrupt.is_asked() {
                return Ok(());
            }
            let taken_at = Instant::now();
            let taken = match self.queue.take(hidden_seconds, WAIT_SECONDS).await {
                Ok(taken) => taken,
                Err(error) if error.may_pass() && failures < MAX_FAILURES => {
                    failures += 1;
                    tokio::time::sleep(AFTER_A_FAILURE).await;
                    continue;
                }
                Err(error) => return Err(error).context("the queue gives no more events"),
            };
            failures = 0;
            empty_answers = if taken.is_empty() { empty_answers + 1 } else { 0 };
            let deadline = taken_at + self.hidden.mul_f64(WORK_SHARE);
            for failure in taken.into_iter().filter_map(|failure| met.is_new(failure)) {
                let (queue, driver) = (self.queue.clone(), Arc::clone(&self.driver));
                let seats = Arc::clone(&seats);
                at_work.spawn(async move {
                    // Never closed; and without a seat there would be only more at once than was asked for.
                    let _seat = seats.acquire().await;
                    deal_with(&queue, &driver, failure, deadline).await
                });
            }
            while let Some(settled) = at_work.try_join_next() {
                met.settle(settled, reporter);
            }
        }
        Ok(())
    }
}

/// Takes an event to its outcome, and removes it from the queue if that is final.
async fn deal_with(queue: &FailureQueue, driver: &Driver, failure: Failure, deadline: Instant) -> Settled {
    let mut driven = driver.drive(&failure, deadline).await;
    if driven.stays.is_none() {
        let mut removed = queue.remove(&failure).await;
        if removed.as_ref().is_err_and(AwsError::may_pass) {
            tokio::time::sleep(AFTER_A_FAILURE).await;
            removed = queue.remove(&failure).await;
        }
        // Its pictures are done, and will be found up to date.
        driven.stays = removed.err().map(|error| ("not_removed".to_owned(), error.to_string()));
    }
    Settled { failure, driven }
}

impl Met {
    /// The event, if this run has not met it yet.
    fn is_new(&mut self, failure: Failure) -> Option<Failure> {
        if self.ids.insert(failure.id.clone()) {
            self.again = 0;
            return Some(failure);
        }
        self.again += 1;
        if let Some(earlier) = self.staying.get_mut(&failure.id) {
            // Only what was taken last can be given back.
            *earlier = failure;
        }
        None
    }

    fn settle(&mut self, settled: Result<Settled, JoinError>, reporter: &mut Reporter) {
        match settled {
            Ok(settled) => {
                reporter.report(&settled);
                if settled.driven.stays.is_some() {
                    self.staying.insert(settled.failure.id.clone(), settled.failure);
                }
            }
            // A panic, which has been printed. Nothing was removed, and the event comes back by itself.
            Err(_) => reporter.report_broken(),
        }
    }
}
