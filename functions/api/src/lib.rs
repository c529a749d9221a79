//! The door for HTTP: requests in, thumbnails out, over the same pipeline as uploads.
//!
//! ```text
//! event ─ Request::read ─ Route ─ who may ─ thumbnails, manifests, images, uploads, failures ─ Answer
//!         event.rs        route.rs access.rs           one file each                           answer.rs
//!                         └─────────────── dispatch.rs ───────────────┘
//! ```
//!
//! What is served is made, stored and removed by [`thumbline::Pipeline`], byte for byte as for an upload. Here is what
//! HTTP adds: who may ask for what ([`access`]), parameters and what is said of wrong ones ([`parameters`], [`problem`]),
//! the choice of a format ([`negotiation`]), caches ([`caching`]), other sites' pages ([`cors`]). `openapi.json` describes
//! it for machines, and docs/api.md for people.

pub mod access;
pub mod answer;
pub mod api;
pub mod caching;
pub mod cors;
mod dispatch;
pub mod event;
mod failures;
pub mod images;
mod manifests;
pub mod negotiation;
pub mod openapi;
pub mod page;
pub mod parameters;
pub mod problem;
pub mod route;
pub mod thumbnails;
pub mod uploads;

use std::time::Instant;

use http::{Method, StatusCode};
use serde_json::Value;
use serde_json::value::RawValue;
use thumbline::{Aws, Call, door};
use thumbline_runtime::{Invocation, Reply};

use crate::api::Api;
use crate::event::Request;
use crate::problem::Problem;

/// Serves requests until Lambda ends the process.
///
/// Settings, secrets, credentials and connections are made once per environment, before the first invocation.
///
/// # Errors
/// All the mistakes in the settings at once, a secret that can't be read, or a runtime API that can't be reached.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    let settings = door::open()?;
    let started = Api::start(settings, Aws::from_environment().await).await;
    let api = &started.inspect_err(|error| tracing::error!(%error, "not started"))?;
    let answer = move |invocation: Invocation| -> Reply<'_> {
        Box::pin(async move { Ok(handle(api, &invocation.event, &invocation.call).await) })
    };
    thumbline_runtime::serve(&answer).await
}

/// Answers one event. An invocation never fails: whoever asks is told in HTTP what is wrong.
pub async fn handle(api: &Api, event: &RawValue, call: &Call) -> Value {
    let began = Instant::now();
    let (method, path, answer) = match Request::read(event) {
        Ok(request) => {
            let answer = api.answer(&request, call).await;
            (request.method, request.path, answer)
        }
        Err(error) => {
            let problem = Problem::new(StatusCode::BAD_REQUEST, "request", error.to_string());
            (Method::GET, String::new(), problem.answer(&call.request_id))
        }
    };
    tracing::info!(
        request_id = call.request_id,
        method = method.as_str(),
        // Without the query, in which there are signatures.
        path = route::told(&path),
        status = answer.status.as_u16(),
        bytes = answer.body.len(),
        ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        "request"
    );
    answer.written(&method)
}
