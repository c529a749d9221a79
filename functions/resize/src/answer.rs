//! Outcomes in each sender's terms.

use aws_lambda_events::event::s3::batch_job::{S3BatchJobResponse, S3BatchJobResult};
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse};
use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use thumbline::event::{BatchJob, EnvelopeError, QueueMessage};
use thumbline::naming::named;
use thumbline::outcome::Ignored;
use thumbline::{Outcome, Processed};

use crate::outcome_of;

/// Why an invocation fails, so that its event comes again or is kept for people to look at.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Some of the pictures must be tried again.
    #[error("{} of {of} to be retried: {}", reasons.len(), reasons.join("; "))]
    Retry {
        /// For each of them its key, reason and message.
        reasons: Vec<String>,
        /// How many pictures the event announced.
        of: usize,
    },
    /// The event can't be read. A retry can't help, but nothing may be lost.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The answer can't be written as JSON.
    #[error("the answer can't be written: {0}")]
    Answer(#[from] serde_json::Error),
}

impl From<Refusal> for Diagnostic {
    fn from(refusal: Refusal) -> Self {
        let error_type = match &refusal {
            Refusal::Retry { .. } => "Thumbline.Retry",
            Refusal::Envelope(_) => "Thumbline.UnknownEvent",
            Refusal::Answer(_) => "Thumbline.Internal",
        };
        Diagnostic { error_type: error_type.to_owned(), error_message: refusal.to_string() }
    }
}

/// The answer to an event that asks for nothing.
pub fn ignored(ignored: Ignored) -> Value {
    json!({ "outcomes": [{ "outcome": "ignored", "reason": ignored.code(), "message": ignored.to_string() }] })
}

/// The answer to S3 notifications. Lambda does not look at it, people who invoke by hand do.
///
/// # Errors
/// [`Refusal::Retry`] if one of the pictures must be retried. The others are then up to date, which costs the next
/// attempt next to nothing.
pub fn notification(processed: &[Processed]) -> Result<Value, Refusal> {
    let reasons: Vec<String> = processed.iter().filter(|p| p.outcome.must_retry()).map(reason).collect();
    if !reasons.is_empty() {
        return Err(Refusal::Retry { reasons, of: processed.len() });
    }
    let outcomes: Vec<Value> = processed.iter().map(outcome).collect();
    Ok(json!({ "outcomes": outcomes }))
}

/// The answer to a batch of SQS messages: those that must come again.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>
///
/// # Errors
/// A serialiser's; none that these fields can cause.
pub fn queue(messages: &[QueueMessage], processed: &[Processed]) -> Result<Value, serde_json::Error> {
    let failed = |message: &&QueueMessage| match &message.hints {
        Ok(hints) => hints.iter().any(|hint| outcome_of(hint, processed).is_none_or(Outcome::must_retry)),
        // Kept by the queue until its own redrive policy moves it to a dead-letter queue.
        Err(_) => true,
    };
    let mut response = SqsBatchResponse::default();
    for message in messages.iter().filter(failed) {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier.clone_from(&message.message_id);
        response.batch_item_failures.push(failure);
    }
    serde_json::to_value(response)
}

/// The answer to S3 Batch Operations: a result for each task.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html>
///
/// # Errors
/// A serialiser's; none that these fields can cause.
pub fn batch(job: &BatchJob, processed: &[Processed]) -> Result<Value, serde_json::Error> {
    let mut response = S3BatchJobResponse::default();
    response.invocation_schema_version = Some(job.schema.version().to_owned());
    // A task without a result is one that was not worked on.
    response.treat_missing_keys_as = Some("TemporaryFailure".to_owned());
    response.invocation_id = Some(job.invocation_id.clone());
    for task in &job.tasks {
        let (code, string) = match &task.hint {
            Ok(hint) => outcome_of(hint, processed)
                .map_or(("TemporaryFailure", "not worked on".to_owned()), |outcome| {
                    (result_code(outcome), told(outcome))
                }),
            Err(error) => ("PermanentFailure", error.to_string()),
        };
        let mut result = S3BatchJobResult::default();
        result.task_id = Some(task.task_id.clone());
        result.result_code = Some(code.to_owned());
        result.result_string = Some(string);
        response.results.push(result);
    }
    serde_json::to_value(response)
}

fn result_code(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Made(_) | Outcome::UpToDate(_) | Outcome::Removed | Outcome::Ignored(_) => "Succeeded",
        Outcome::Rejected(_) => "PermanentFailure",
        Outcome::Retry(_) => "TemporaryFailure",
    }
}

/// `made`, or `rejected truncated: …`.
fn told(outcome: &Outcome) -> String {
    match (outcome.reason(), outcome.message()) {
        (Some(code), Some(message)) => format!("{} {code}: {message}", outcome.name()),
        _ => outcome.name().to_owned(),
    }
}

fn reason(processed: &Processed) -> String {
    format!("{:?} {}", named(&processed.hint.key), told(&processed.outcome))
}

fn outcome(processed: &Processed) -> Value {
    let mut answer = json!({
        "bucket": processed.hint.bucket,
        "key": processed.hint.key,
        "outcome": processed.outcome.name(),
        "ms": processed.effort.total.as_millis(),
    });
    if let (Some(code), Some(message)) = (processed.outcome.reason(), processed.outcome.message()) {
        answer["reason"] = code.into();
        answer["message"] = message.into();
    }
    answer
}
