//! One turn of a run: from where the last has stopped, until all is listed or time is up.
//!
//! A turn works on chunks of the walk. What a chunk leaves to be announced is in the record before the next is begun, so
//! that whoever goes on announces a picture twice at worst, which costs next to nothing, and never leaves one out.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::stream::{self, StreamExt, TryStreamExt};
use thumbline::aws::AwsError;
use thumbline::store::{Condition, StoreError};
use thumbline::{Call, Hint, Pipeline, Store};
use thumbline_audit::{Account, Accountant, Buckets, Group, Selection, Walk};

use crate::ask::{Kind, go_on};
use crate::functions::Functions;
use crate::ledger::{Ledger, Saved};
use crate::record::{LEASE_MS, MAX_IDLE_TURNS, Record, Status};

/// Groups of the walk that are looked at before the record may be written again.
const CHUNK: usize = 500;
/// Of these, how many at once.
const AT_ONCE: usize = 32;
/// How often the record is written, at least.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Nothing is announced when less than this is left of the lease: more than an invocation takes to be accepted.
const LEASE_MARGIN: Duration = Duration::from_secs(10);
/// What is left of the time at the end for writing the record and for calling the next turn.
const TO_HAND_OVER: Duration = Duration::from_secs(4);
/// The first wait when Lambda does not take an invocation. It doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// A turn did not end as it should: Lambda is to try its event again.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// S3 failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The next turn was not called.
    #[error("the next turn was not called: {0}")]
    NotCalled(AwsError),
}

/// Why a turn is over.
enum End {
    /// The run is over.
    Over(Status, Option<String>),
    /// Time is.
    Time,
    /// Somebody else has the run, or has ended it.
    Lost,
}

/// A turn.
pub struct Turn<'a, S, F> {
    pub(crate) pipeline: &'a Pipeline<S>,
    pub(crate) selection: &'a Selection,
    pub(crate) functions: &'a F,
    pub(crate) ledger: Ledger<'a, S>,
    pub(crate) call: &'a Call,
    pub(crate) record: Record,
    /// Under which the record may be written.
    pub(crate) condition: Condition,
    /// When the run is no longer this turn's.
    pub(crate) lease_ends: Instant,
    pub(crate) written: Instant,
    /// Invocations made by the run. The record's number is ahead of it by what this turn may make before it writes again.
    pub(crate) made: u64,
    pub(crate) next_invocation: Instant,
}

impl<S: Store + Clone, F: Functions> Turn<'_, S, F> {
    /// Runs to the end of the turn. The record as it was written last.
    ///
    /// # Errors
    /// [`TurnError`]
    pub async fn run(mut self) -> Result<Record, TurnError> {
        let announced_before = self.record.announced;
        let position_before = self.record.position.clone();
        let ended = match self.work().await {
            Err(error) if error.kind.may_pass() => {
                // Lambda tries this event again, which must find that nobody has the run.
                self.release().await?;
                return Err(error.into());
            }
            Err(error) => End::Over(Status::Failed, Some(error.to_string())),
            Ok(ended) => ended,
        };
        let has_moved = self.record.announced > announced_before || self.record.position != position_before;
        self.record.idle_turns = if has_moved { 0 } else { self.record.idle_turns.saturating_add(1) };
        match ended {
            End::Lost => {}
            End::Time if self.record.idle_turns >= MAX_IDLE_TURNS => {
                let message = format!(
                    "{MAX_IDLE_TURNS} turns in a row did nothing: the function's Timeout is too short, or Lambda takes no \
                     more invocations"
                );
                self.end(Status::Failed, Some(message)).await?;
            }
            End::Time => self.hand_over().await?,
            End::Over(status, message) => self.end(status, message).await?,
        }
        Ok(self.record)
    }

    async fn work(&mut self) -> Result<End, StoreError> {
        let settings = self.pipeline.settings();
        let buckets =
            Buckets { input: settings.input_bucket.clone(), output: settings.output_bucket.clone() };
        let mut walk = Walk::new(self.pipeline.store(), &buckets, self.record.position.clone());
        loop {
            if let Some(end) = self.announce(self.record.bounds.pictures_per_invocation).await? {
                return Ok(end);
            }
            if self.is_time_up() {
                return Ok(End::Time);
            }
            let chunk = take(&mut walk, CHUNK).await?;
            if chunk.is_empty() {
                break;
            }
            self.look_at(chunk).await?;
            self.record.position = walk.position().clone();
            if self.written.elapsed() >= HEARTBEAT && !self.keep().await? {
                return Ok(End::Lost);
            }
        }
        if let Some(end) = self.announce(1).await? {
            return Ok(end);
        }
        let unclaimed = std::mem::take(&mut self.record.unclaimed);
        let accountant = Accountant::new(self.pipeline, self.selection);
        for account in accountant.account_of_unclaimed(unclaimed).await? {
            self.record.tally.add(&account);
        }
        Ok(End::Over(Status::Done, None))
    }

    /// Counts how the groups stand, and keeps in mind what must be made.
    async fn look_at(&mut self, groups: Vec<Group>) -> Result<(), StoreError> {
        let accountant = Accountant::new(self.pipeline, self.selection);
        let kind = self.record.kind;
        let accounts: Vec<Account> = stream::iter(groups)
            .map(|group| async move {
                match kind {
                    // The resize function finds out for itself whether the listing was right.
                    Kind::Backfill => Ok(accountant.look(&group).await?.account),
                    Kind::Verify => accountant.account(group).await,
                }
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        for account in accounts {
            self.record.tally.add(&account);
            self.record.unclaimed.extend(account.unclaimed);
            let unsettled = account.source.filter(|source| !source.state.is_settled());
            if let (Kind::Backfill, Some(source)) = (kind, unsettled) {
                self.record.pending.push(source.key);
            }
        }
        Ok(())
    }

    /// Announces what is to be made, while there is at least so much of it. `Some`, if the turn must end.
    async fn announce(&mut self, at_least: usize) -> Result<Option<End>, StoreError> {
        let mut pause = FIRST_PAUSE;
        while self.record.pending.len() >= at_least.max(1) {
            if self.made >= self.record.bounds.max_invocations {
                let message = format!(
                    "the run has made the {} invocations that it may make, and {} pictures that it has listed wait; begin it \
                     again with a higher max_invocations to go on, or find out why there are so many",
                    self.made,
                    self.record.pending.len()
                );
                return Ok(Some(End::Over(Status::Ceiling, Some(message))));
            }
            let at = self.next_invocation.max(Instant::now());
            if at >= self.stop_at() {
                return Ok(Some(End::Time));
            }
            tokio::time::sleep_until(at.into()).await;
            let is_due = self.written.elapsed() >= HEARTBEAT
                || self.made >= self.record.invocations
                || Instant::now() + LEASE_MARGIN >= self.lease_ends;
            if is_due && !self.keep().await? {
                return Ok(Some(End::Lost));
            }
            let bucket = &self.pipeline.settings().input_bucket;
            let many = self.record.pending.len().min(self.record.bounds.pictures_per_invocation);
            let hints: Vec<Hint> = self
                .record
                .pending
                .iter()
                .take(many)
                .map(|key| Hint { bucket: bucket.clone(), key: key.clone() })
                .collect();
            // What Lambda may have taken counts, also where nobody knows.
            self.made += 1;
            match self.functions.announce(&hints).await {
                Ok(()) => {
                    self.record.pending.drain(..many);
                    self.record.announced += many as u64;
                    self.next_invocation = at + self.interval();
                    pause = FIRST_PAUSE;
                }
                Err(error) if error.may_pass() => {
                    tracing::warn!(%error, "an invocation was not taken");
                    if matches!(error, AwsError::Refused { .. }) {
                        self.made -= 1;
                    }
                    self.next_invocation = Instant::now() + pause;
                    pause *= 2;
                }
                Err(error) => {
                    let message = format!("the resize function can't be invoked: {error}");
                    return Ok(Some(End::Over(Status::Failed, Some(message))));
                }
            }
        }
        Ok(None)
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(1) / self.record.bounds.invocations_per_second.max(1)
    }

    fn stop_at(&self) -> Instant {
        self.call.deadline.checked_sub(TO_HAND_OVER).unwrap_or(self.call.deadline)
    }

    fn is_time_up(&self) -> bool {
        Instant::now() >= self.stop_at()
    }

    /// Writes the record, and keeps the run for a while longer. `false` where it is no longer this turn's.
    pub(crate) async fn keep(&mut self) -> Result<bool, StoreError> {
        // So many more may be made before the next writing, and all of them count if this turn dies.
        let many = 2 * HEARTBEAT.as_secs() * u64::from(self.record.bounds.invocations_per_second.max(1));
        self.record.invocations =
            self.made.saturating_add(many).min(self.record.bounds.max_invocations).max(self.made);
        let lease_ends = Instant::now() + Duration::from_millis(LEASE_MS);
        self.record.hold(&self.call.request_id, now_ms());
        let is_kept = self.save().await?;
        if is_kept {
            self.lease_ends = lease_ends;
        }
        Ok(is_kept)
    }

    /// Calls the next turn.
    async fn hand_over(&mut self) -> Result<(), TurnError> {
        self.record.turn = self.record.turn.saturating_add(1);
        if !self.release().await? {
            return Ok(());
        }
        let event = go_on(self.record.kind, &self.record.prefix, &self.record.run, self.record.turn);
        let mut called = self.functions.go_on(&event).await;
        if called.as_ref().is_err_and(AwsError::may_pass) {
            tokio::time::sleep(FIRST_PAUSE).await;
            called = self.functions.go_on(&event).await;
        }
        called.map_err(TurnError::NotCalled)
    }

    /// Ends the run.
    async fn end(&mut self, status: Status, message: Option<String>) -> Result<(), StoreError> {
        (self.record.status, self.record.message) = (status, message);
        self.release().await.map(drop)
    }

    /// Writes the record, and lets the run go.
    async fn release(&mut self) -> Result<bool, StoreError> {
        self.record.invocations = self.made;
        self.record.holder = None;
        self.record.last_request_id = Some(self.call.request_id.clone());
        self.save().await
    }

    async fn save(&mut self) -> Result<bool, StoreError> {
        self.record.written_ms = now_ms();
        match self.ledger.save(&self.record, &self.condition).await? {
            Saved::As(etag) => {
                self.condition = Condition::Is(etag);
                self.written = Instant::now();
                Ok(true)
            }
            Saved::Moved => self.reconcile().await,
        }
    }

    /// Finds out who has written the record. It may have been this turn itself, whose answer was lost.
    async fn reconcile(&mut self) -> Result<bool, StoreError> {
        let (found, condition) = self.ledger.load().await?;
        if found.as_ref().is_some_and(|found| found.is_same_writing(&self.record)) {
            self.condition = condition;
            self.written = Instant::now();
            return Ok(true);
        }
        if let Some(found) = found {
            self.record = found;
        }
        Ok(false)
    }
}

/// The next groups of a walk.
async fn take<S: Store + Clone>(walk: &mut Walk<S>, many: usize) -> Result<Vec<Group>, StoreError> {
    let mut groups = Vec::new();
    while groups.len() < many {
        match walk.next().await? {
            Some(group) => groups.push(group),
            None => break,
        }
    }
    Ok(groups)
}

/// Milliseconds since the epoch.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
