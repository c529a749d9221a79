//! The door for uploads: events about S3 objects in, outcomes out in the sender's terms.
//!
//! ```text
//! invocation ─ Envelope::read ─ Pipeline::process_all ─ answer
//! ```
//!
//! What each sender is told is in [`answer`]: an asynchronous invocation fails when anything must be retried, an SQS batch
//! names the messages that failed, S3 Batch Operations gets a result for each task.

pub mod answer;

use lambda_runtime::Diagnostic;
use serde_json::Value;
use thumbline::event::BatchJob;
use thumbline::{Call, Envelope, Hint, Outcome, Pipeline, Processed, S3Store, Store, door};
use thumbline_runtime::{Invocation, Reply};

use crate::answer::Refusal;

/// Serves invocations until Lambda ends the process.
///
/// Settings, credentials and connections are made once per environment, before the first invocation.
///
/// # Errors
/// All the mistakes in the settings at once, or a runtime API that can't be reached.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    let pipeline = Pipeline::new(door::open()?, S3Store::from_environment().await);
    let pipeline = &pipeline;
    let answer = move |invocation: Invocation| -> Reply<'_> {
        Box::pin(async move {
            handle(pipeline, invocation.value()?, &invocation.call).await.map_err(Diagnostic::from)
        })
    };
    thumbline_runtime::serve(&answer).await
}

/// Handles one invocation.
///
/// # Errors
/// [`Refusal`], which makes Lambda deliver an asynchronous event again, and keep it in the failure queue in the end.
pub async fn handle<S: Store>(pipeline: &Pipeline<S>, event: Value, call: &Call) -> Result<Value, Refusal> {
    let envelope = Envelope::read(event).inspect_err(
        |error| tracing::error!(request_id = call.request_id, %error, "the event can't be read"),
    )?;
    match envelope {
        Envelope::Nothing(ignored) => {
            tracing::info!(
                request_id = call.request_id,
                outcome = "ignored",
                reason = ignored.code(),
                "event"
            );
            Ok(answer::ignored(ignored))
        }
        Envelope::Notification(hints) => answer::notification(&pipeline.process_all(&hints, call).await),
        Envelope::Queue(messages) => {
            let hints: Vec<Hint> = messages.iter().flat_map(|m| m.hints.iter().flatten()).cloned().collect();
            let processed = pipeline.process_all(&hints, call).await;
            for error in messages.iter().filter_map(|m| m.hints.as_ref().err()) {
                tracing::error!(request_id = call.request_id, %error, "a message can't be read");
            }
            Ok(answer::queue(&messages, &processed)?)
        }
        Envelope::Batch(job) => {
            let processed = pipeline.process_all(&hints_of(&job), call).await;
            Ok(answer::batch(&job, &processed)?)
        }
    }
}

fn hints_of(job: &BatchJob) -> Vec<Hint> {
    job.tasks.iter().filter_map(|task| task.hint.clone().ok()).collect()
}

/// What became of the source that a hint names.
fn outcome_of<'a>(hint: &Hint, processed: &'a [Processed]) -> Option<&'a Outcome> {
    processed.iter().find(|p| p.hint == *hint).map(|p| &p.outcome)
}
