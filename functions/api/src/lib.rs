//! The door for HTTP: requests in, thumbnails out, over the same pipeline as uploads.
//!
//! ```text
//! event ─ Request::read ─ routes ─ Pipeline ─ Answer
//! ```

pub mod answer;
pub mod event;

use http::StatusCode;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use thumbline::settings::Sources;
use thumbline::{Pipeline, S3Store, Settings, Store, telemetry};

use crate::answer::Answer;
use crate::event::Request;

/// Serves requests until Lambda ends the process.
///
/// Settings, credentials and connections are made once per environment, before the first invocation.
///
/// # Errors
/// All the mistakes in the settings at once, or a runtime API that can't be reached.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    let settings = Settings::load(&Sources::of_this_process());
    telemetry::init(settings.as_ref().map_or("info", |settings| &settings.log));
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => {
            tracing::error!(%error, "not started");
            return Err(error.into());
        }
    };
    let pipeline = Pipeline::new(settings, S3Store::from_environment().await);
    let pipeline = &pipeline;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| async move {
        Ok::<Value, Diagnostic>(handle(pipeline, &event.payload))
    }))
    .await
}

/// Answers one request.
pub fn handle<S: Store>(_pipeline: &Pipeline<S>, event: &RawValue) -> Value {
    let request = match Request::read(event) {
        Ok(request) => request,
        Err(error) => {
            tracing::warn!(%error, "the event can't be read");
            let answer = Answer::json(StatusCode::BAD_REQUEST, &json!({ "detail": error.to_string() }));
            return answer.for_sender(event::Sender::Rest, &http::Method::GET);
        }
    };
    let answer = match request.path.as_str() {
        "/health" => {
            Answer::json(StatusCode::OK, &json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
        }
        _ => Answer::json(StatusCode::NOT_FOUND, &json!({ "detail": "there is nothing under this path" })),
    };
    answer.for_sender(request.sender, &request.method)
}
