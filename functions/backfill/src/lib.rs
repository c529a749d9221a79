//! The door for pictures that were there before: lists a bucket, has the resize function make what is not current, and goes
//! on with that in as many invocations as it takes.
//!
//! ```text
//! {"prefix": ""} ─ Ask ─ Record::admit ─ Turn ─┬─ Walk ─ Accountant ─→ what is not current ─→ resize function, 20 at a time
//!                                  ↑           └─ time is up: the record, then this function again, as the next turn
//!                    ~/backfill/{hash}.json
//! ```
//!
//! # Why it can't run away
//!
//! A function that calls others, and itself, is how a backfill comes to cost thousands. So a run is one record in the output
//! bucket, written under conditions: one invocation at a time holds it, for as long as its lease; a turn is had once, by its
//! number; the invocations that a run may make are counted there *before* they are made; and a run that does not get on is
//! given up.

pub mod ask;
pub mod functions;
pub mod ledger;
pub mod record;
pub mod turn;

use std::time::Instant;

use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use thumbline::naming::named;
use thumbline::store::StoreError;
use thumbline::{Aws, Call, Pipeline, S3Store, Store, door, telemetry};
use thumbline_audit::{STATES, Selection};
use thumbline_runtime::{Invocation, Reply};

use crate::ask::{Ask, AskError, Kind, Verb};
use crate::functions::{Functions, LambdaFunctions};
use crate::ledger::{Ledger, Saved};
use crate::record::{Denial, Record, Status};
use crate::turn::{Turn, TurnError, now_ms};

/// How often a record is read again that somebody else has written meanwhile.
const ATTEMPTS: u32 = 5;

/// Why an invocation fails. Lambda tries the event again.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The event can't be read.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// No key makes thumbnails that begins like this.
    #[error("no key that makes thumbnails begins with {:?}: THUMBLINE_KEY_PREFIX is {key_prefix:?}", named(.prefix))]
    Prefix {
        /// What was asked for.
        prefix: String,
        /// What the trigger's keys begin with.
        key_prefix: String,
    },
    /// Somebody may still be working on the run, or has died over it.
    #[error(
        "another invocation holds the run; this one is tried again when it has finished or its lease has ended"
    )]
    Held,
    /// The record changes each time that it is looked at.
    #[error("the record of the run changes each time that it is read")]
    Restless,
    /// The turn did not end as it should.
    #[error(transparent)]
    Turn(#[from] TurnError),
    /// S3 failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Refusal> for Diagnostic {
    fn from(refusal: Refusal) -> Self {
        let error_type = match &refusal {
            Refusal::Ask(_) | Refusal::Prefix { .. } => "Thumbline.UnknownEvent",
            Refusal::Held | Refusal::Restless | Refusal::Turn(_) | Refusal::Store(_) => "Thumbline.Retry",
        };
        Diagnostic { error_type: error_type.to_owned(), error_message: refusal.to_string() }
    }
}

/// Serves invocations until Lambda ends the process.
///
/// # Errors
/// All the mistakes in the settings at once, or a runtime API that can't be reached.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    let settings = door::open()?;
    let resize = settings.backfill.resize_function.clone();
    let resize = resize.ok_or("THUMBLINE_RESIZE_FUNCTION is not set: nobody would make the pictures")?;
    let aws = Aws::from_environment().await;
    let pipeline: Pipeline<S3Store> = Pipeline::new(settings, aws.s3());
    let (pipeline, aws, resize) = (&pipeline, &aws, resize.as_str());
    let answer = move |invocation: Invocation| -> Reply<'_> {
        Box::pin(async move {
            let functions = LambdaFunctions { aws, resize, own: &invocation.context.invoked_function_arn };
            let answered = handle(pipeline, &functions, invocation.value()?, &invocation.call).await;
            answered.map_err(Diagnostic::from)
        })
    };
    thumbline_runtime::serve(&answer).await
}

/// Handles one invocation.
///
/// # Errors
/// [`Refusal`], which makes Lambda deliver an asynchronous event again.
pub async fn handle<S: Store + Clone, F: Functions>(
    pipeline: &Pipeline<S>,
    functions: &F,
    event: Value,
    call: &Call,
) -> Result<Value, Refusal> {
    let mut ask = Ask::read(event)?;
    let settings = &pipeline.settings();
    let key_prefix = &settings.backfill.key_prefix;
    if key_prefix.starts_with(&ask.prefix) {
        ask.prefix.clone_from(key_prefix);
    } else if !ask.prefix.starts_with(key_prefix) {
        return Err(Refusal::Prefix { prefix: ask.prefix, key_prefix: key_prefix.clone() });
    }
    let selection = Selection {
        prefix: ask.prefix.clone(),
        suffix: settings.backfill.key_suffix.clone(),
        modified_since: None,
    };
    let ledger = Ledger::new(pipeline.store(), &settings.output_bucket, ask.kind, &ask.prefix);
    match ask.verb {
        Verb::Status => {
            let (record, _) = ledger.load().await?;
            Ok(record.map_or_else(|| json!({ "status": null }), |record| record.told()))
        }
        Verb::Stop => stop(&ledger).await,
        Verb::Start(_) | Verb::GoOn { .. } => {
            let took = begin(pipeline, &selection, functions, ledger, &ask, call).await?;
            let turn = match took {
                Took::Turn(turn) => turn,
                Took::Nothing(why, told) => {
                    tracing::info!(request_id = call.request_id, why, "not needed");
                    return Ok(told);
                }
            };
            let record = turn.run().await?;
            report(&record, call);
            Ok(record.told())
        }
    }
}

/// What an invocation has got.
enum Took<'a, S, F> {
    Turn(Box<Turn<'a, S, F>>),
    Nothing(&'static str, Value),
}

/// Takes the run that is asked for, if it may be taken.
async fn begin<'a, S: Store + Clone, F: Functions>(
    pipeline: &'a Pipeline<S>,
    selection: &'a Selection,
    functions: &'a F,
    ledger: Ledger<'a, S>,
    ask: &Ask,
    call: &'a Call,
) -> Result<Took<'a, S, F>, Refusal> {
    for _ in 0..ATTEMPTS {
        let (found, condition) = ledger.load().await?;
        let told = found.as_ref().map_or(Value::Null, Record::told);
        let record = match Record::admit(found, ask, &call.request_id, now_ms()) {
            Ok(record) => record,
            Err(Denial::Held) => return Err(Refusal::Held),
            Err(Denial::NotNeeded(why)) => {
                return Ok(Took::Nothing(why, json!({ "not_needed": why, "run": told })));
            }
        };
        let now = Instant::now();
        let mut turn = Turn {
            made: record.invocations,
            pipeline,
            selection,
            functions,
            ledger: ledger.clone(),
            call,
            record,
            condition,
            lease_ends: now,
            written: now,
            next_invocation: now,
        };
        if turn.keep().await? {
            return Ok(Took::Turn(Box::new(turn)));
        }
    }
    Err(Refusal::Restless)
}

/// Ends a run. Whoever works on it finds out when it writes the record.
async fn stop<S: Store>(ledger: &Ledger<'_, S>) -> Result<Value, Refusal> {
    for _ in 0..ATTEMPTS {
        let (found, condition) = ledger.load().await?;
        let Some(record) = found else { return Ok(json!({ "status": null })) };
        if record.status != Status::Running {
            return Ok(record.told());
        }
        let message = Some("somebody has stopped it".to_owned());
        let record =
            Record { status: Status::Stopped, message, holder: None, written_ms: now_ms(), ..record };
        if let Saved::As(_) = ledger.save(&record, &condition).await? {
            return Ok(record.told());
        }
    }
    Err(Refusal::Restless)
}

/// Says in the logs how a turn has ended, and as metrics how all pictures stand if that is known now.
fn report(record: &Record, call: &Call) {
    tracing::info!(
        request_id = call.request_id,
        run = record.run,
        prefix = %named(&record.prefix),
        turn = record.turn,
        status = ?record.status,
        detail = record.message,
        listed = record.tally.sources,
        announced = record.announced,
        invocations = record.invocations,
        "turn"
    );
    if (record.kind, record.status) == (Kind::Verify, Status::Done) {
        for state in STATES {
            telemetry::publish(&[("State", state)], &[("Sources", "Count", record.tally.of(state))]);
        }
        let settled: u64 =
            ["current", "rejected", "ignored"].iter().map(|state| record.tally.of(state)).sum();
        let (unsettled, orphaned) = (record.tally.sources.saturating_sub(settled), record.tally.orphaned);
        telemetry::publish(
            &[],
            &[("UnsettledSources", "Count", unsettled), ("OrphanedOutputs", "Count", orphaned)],
        );
    }
}
