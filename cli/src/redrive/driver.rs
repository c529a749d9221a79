//! What takes an event's pictures to their outcomes: the engine here, or the resize function.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use thumbline::invoke::announcement;
use thumbline::queue::Failure;
use thumbline::{Aws, Call, Hint, Pipeline, Processed, S3Store};

/// The first wait when Lambda has no environment free. It doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

pub(crate) enum Driver {
    Here(Box<Pipeline<S3Store>>),
    Lambda { aws: Box<Aws>, function: String },
}

/// What became of one picture.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Pictured {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) outcome: String,
    #[serde(default)]
    pub(crate) reason: Option<String>,
    #[serde(default)]
    pub(crate) message: Option<String>,
}

/// An event that was dealt with.
pub(crate) struct Settled {
    pub(crate) failure: Failure,
    pub(crate) driven: Driven,
}

/// What became of an event.
#[derive(Debug)]
pub(crate) struct Driven {
    /// Its pictures.
    pub(crate) pictures: Vec<Pictured>,
    /// Why it stays in the queue: a reason's code and what it says. `None`: nothing is left to be done.
    pub(crate) stays: Option<(String, String)>,
}

/// What the resize function answers to events of S3.
#[derive(Deserialize)]
struct Outcomes {
    outcomes: Vec<Pictured>,
}

impl Driver {
    /// Takes the pictures of an event to their outcomes, until the deadline.
    pub(crate) async fn drive(&self, failure: &Failure, deadline: Instant) -> Driven {
        let hints = match &failure.hints {
            Ok(hints) => hints,
            Err(error) => return Driven::staying("unreadable", error.to_string()),
        };
        match self {
            Driver::Here(pipeline) => {
                let call = Call { request_id: failure.id.clone(), deadline };
                let processed = pipeline.process_all(hints, &call).await;
                let pictures: Vec<Pictured> = processed.iter().map(Pictured::from).collect();
                if failure.is_settled_by(&processed) {
                    return Driven { pictures, stays: None };
                }
                let failed = pictures.iter().find(|picture| picture.outcome == "retry");
                let (reason, message) =
                    failed.map(|p| (p.reason.clone(), p.message.clone())).unwrap_or_default();
                let stays = Some((reason.unwrap_or_default(), message.unwrap_or_default()));
                Driven { pictures, stays }
            }
            Driver::Lambda { aws, function } => invoke(aws, function, hints, deadline).await,
        }
    }
}

/// Has the function make these pictures, and waits for it.
async fn invoke(aws: &Aws, function: &str, hints: &[Hint], deadline: Instant) -> Driven {
    if hints.is_empty() {
        return Driven { pictures: Vec::new(), stays: None };
    }
    let event = announcement(hints);
    let mut pause = FIRST_PAUSE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let error = match aws.invoke(function, &event, left).await {
            Ok(Ok(answer)) => {
                return match serde_json::from_value::<Outcomes>(answer) {
                    Ok(Outcomes { outcomes }) => Driven { pictures: outcomes, stays: None },
                    Err(_) => {
                        let said = "it answered, but not as the resize function does; is --function right?";
                        Driven::staying("unknown_answer", said.to_owned())
                    }
                };
            }
            Ok(Err(error)) => return Driven::staying(&error.kind, error.message),
            Err(error) => error,
        };
        // Invoking twice does no harm, for what is made is found up to date.
        if !error.may_pass() || deadline.saturating_duration_since(Instant::now()) < pause {
            return Driven::staying("not_invoked", error.to_string());
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

impl Driven {
    fn staying(reason: &str, message: String) -> Driven {
        Driven { pictures: Vec::new(), stays: Some((reason.to_owned(), message)) }
    }
}

impl From<&Processed> for Pictured {
    fn from(processed: &Processed) -> Self {
        Pictured {
            bucket: processed.hint.bucket.clone(),
            key: processed.hint.key.clone(),
            outcome: processed.outcome.name().to_owned(),
            reason: processed.outcome.reason().map(str::to_owned),
            message: processed.outcome.message(),
        }
    }
}
