//! `GET /failures` and `POST /failures/redrive`: the events that failed for good, and another chance for them.

use http::{StatusCode, header};
use serde_json::{Value, json};
use thumbline::queue::{Failure, FailureQueue};
use thumbline::{Call, Processed};

use crate::answer::Answer;
use crate::api::Api;
use crate::event::Request;
use crate::parameters::check_names;
use crate::problem::Problem;

/// How long nobody else is given the events that are being redriven: longer than API Gateway waits for an answer.
const HIDDEN_SECONDS: u32 = 30;

/// Answers with some of the events that failed.
pub(crate) async fn list(api: &Api, request: &Request) -> Result<Answer, Problem> {
    check_names(&request.query, &[])?;
    let queue = queue(api)?;
    let (count, failures) = tokio::try_join!(queue.count(), queue.take(0, 0))?;
    let failures: Vec<Value> = failures.iter().flat_map(describe).collect();
    let answer = Answer::json(StatusCode::OK, &json!({ "count": count, "failures": failures }));
    Ok(answer.with(header::CACHE_CONTROL, "no-store"))
}

/// Puts some of them through the pipeline again. What need not be retried any more leaves the queue.
pub(crate) async fn redrive(api: &Api, request: &Request, call: &Call) -> Result<Answer, Problem> {
    check_names(&request.query, &[])?;
    let queue = queue(api)?;
    let mut redriven = Vec::new();
    let mut kept = 0_u64;
    for failure in queue.take(HIDDEN_SECONDS, 0).await? {
        let hints = failure.hints.clone().unwrap_or_default();
        let processed = api.pipeline().process_all(&hints, call).await;
        if failure.is_settled_by(&processed) {
            queue.remove(&failure).await?;
        } else {
            kept += 1;
        }
        redriven.extend(processed.iter().map(outcome));
        if failure.hints.is_err() {
            redriven.push(json!({ "key": null, "outcome": "unreadable", "message": failure.message }));
        }
    }
    // Those that were taken and not settled are hidden, and SQS does not count them.
    let left = queue.count().await? + kept;
    let answer = Answer::json(StatusCode::OK, &json!({ "redriven": redriven, "left": left }));
    Ok(answer.with(header::CACHE_CONTROL, "no-store"))
}

fn queue(api: &Api) -> Result<&FailureQueue, Problem> {
    api.failures()
        .ok_or_else(|| Problem::not_found("there is no failure queue: THUMBLINE_FAILURE_QUEUE is not set"))
}

/// One description for each picture that a failed event is about.
fn describe(failure: &Failure) -> Vec<Value> {
    let Failure { id, reason, message, at, hints, .. } = failure;
    let about =
        |key: Option<&str>| json!({ "id": id, "key": key, "reason": reason, "message": message, "at": at });
    match hints {
        Ok(hints) if !hints.is_empty() => hints.iter().map(|hint| about(Some(&hint.key))).collect(),
        _ => vec![about(None)],
    }
}

fn outcome(processed: &Processed) -> Value {
    let mut answer = json!({ "key": processed.hint.key, "outcome": processed.outcome.name() });
    if let (Some(reason), Some(message)) = (processed.outcome.reason(), processed.outcome.message()) {
        answer["reason"] = reason.into();
        answer["message"] = message.into();
    }
    answer
}
