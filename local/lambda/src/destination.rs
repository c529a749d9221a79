//! The record that Lambda sends to a failure destination.
//!
//! Its form is that of "Capturing records of Lambda asynchronous invocations" in the Lambda developer guide: the
//! original event, whole, beside the reason why it was given up.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::account::Account;
use crate::clock;
use crate::events::StoredEvent;
use crate::function::LATEST;

/// Why an event was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Condition {
    /// All attempts failed.
    RetriesExhausted,
    /// It was older than the function's maximum event age.
    EventAgeExceeded,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    version: &'a str,
    timestamp: String,
    request_context: RequestContext<'a>,
    request_payload: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_context: Option<ResponseContext<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_payload: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    request_id: &'a str,
    function_arn: String,
    condition: Condition,
    approximate_invoke_count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseContext<'a> {
    status_code: u16,
    executed_version: &'a str,
    function_error: &'a str,
}

/// The record about an event, as JSON.
pub(crate) fn record(
    account: &Account,
    event: &StoredEvent,
    condition: Condition,
    now_ms: u64,
) -> serde_json::Result<String> {
    let response_payload = event.last_error.as_deref().map(serde_json::from_str).transpose()?;
    serde_json::to_string(&Record {
        version: "1.0",
        timestamp: clock::iso(now_ms),
        request_context: RequestContext {
            request_id: &event.request_id,
            function_arn: format!("{}:{LATEST}", account.function_arn(&event.function)),
            condition,
            approximate_invoke_count: event.attempts,
        },
        request_payload: serde_json::from_str(&event.payload)?,
        // There is no response if there was no attempt.
        response_context: response_payload.is_some().then_some(ResponseContext {
            status_code: 200,
            executed_version: LATEST,
            function_error: "Unhandled",
        }),
        response_payload,
    })
}
