//! The resize function's door in this process: what is behind the runtime API, with an S3 of one's choice.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thumbline::settings::Sources;
use thumbline::{Call, Pipeline, Settings, Store};

use super::buckets::{INPUT, OUTPUT};
use super::pictures::PRESETS;

/// What the function said became of an event about one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// A success: `made`, `up_to_date`, `removed`, `rejected` or `ignored`.
    Done(String),
    /// The invocation failed, so that the event comes again, with this reason.
    Again(String),
}

impl Claim {
    /// What an answer claims of its only source.
    pub(crate) fn of(answer: Result<&Value, String>) -> Claim {
        match answer {
            Ok(answer) => {
                let outcome = answer["outcomes"][0]["outcome"].as_str();
                Claim::Done(outcome.map_or_else(|| answer.to_string(), str::to_owned))
            }
            Err(why) => Claim::Again(why),
        }
    }
}

/// What a function is told of the two buckets of [`super::buckets::Buckets`].
pub(crate) fn settings() -> anyhow::Result<Settings> {
    let variables = [
        ("THUMBLINE_INPUT_BUCKET", INPUT),
        ("THUMBLINE_OUTPUT_BUCKET", OUTPUT),
        ("THUMBLINE_PRESETS", PRESETS),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(Settings::load(&Sources::new(None, variables))?)
}

/// S3's notification that something has changed under a key.
pub(crate) fn event(bucket: &str, key: &str) -> Value {
    let object = json!({ "key": key, "size": 1, "eTag": "of no importance", "sequencer": "00" });
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": super::access::REGION,
        "eventTime": "2026-11-21T09:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": { "s3SchemaVersion": "1.0", "configurationId": "picture", "bucket": { "name": bucket }, "object": object },
    }] })
}

/// Delivers an event about a source, and lets the function work on it for so long.
pub(crate) async fn deliver<S: Store>(pipeline: &Pipeline<S>, key: &str, time: Duration) -> Claim {
    let call = Call { request_id: "prove".to_owned(), deadline: Instant::now() + time };
    let answer = thumbline_resize::handle(pipeline, event(INPUT, key), &call).await;
    Claim::of(answer.as_ref().map_err(ToString::to_string))
}
