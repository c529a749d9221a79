//! One invocation: what goes into a function, and what came of it.
//!
//! The error documents are those that Lambda itself makes when a function cannot speak for itself any more: the types
//! `Runtime.ExitError`, `Runtime.InvalidEntrypoint`, `Runtime.InitError`, `Sandbox.Timedout` and
//! `Function.ResponseSizeTooLarge`, with the messages that they have there.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One request to run a function.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    /// The same for all attempts of one asynchronous event.
    pub(crate) request_id: Arc<str>,
    pub(crate) payload: Bytes,
    /// What the caller gave as `X-Amz-Client-Context`, decoded.
    pub(crate) client_context: Option<String>,
}

impl Invocation {
    pub(crate) fn new(payload: Bytes) -> Self {
        Self { request_id: new_request_id().into(), payload, client_context: None }
    }
}

pub(crate) fn new_request_id() -> String {
    Uuid::new_v4().to_string()
}

/// An X-Ray header for an invocation that is not sampled: `Root=1-{epoch seconds}-{96 random bits};...`.
pub(crate) fn new_trace_id(now_ms: u64) -> String {
    let random = Uuid::new_v4().simple().to_string();
    let parent = Uuid::new_v4().simple().to_string();
    let (root, _) = random.split_at(24);
    let (parent, _) = parent.split_at(16);
    format!("Root=1-{:08x}-{root};Parent={parent};Sampled=0", now_ms / 1000)
}

/// Why an invocation failed, as the caller is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionError {
    /// The type of the error: the function's own, or one of Lambda's such as `Runtime.ExitError`.
    pub kind: String,
    /// The error document, JSON: at least `errorType` and `errorMessage`.
    pub document: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorDocument<'a> {
    error_message: &'a str,
    error_type: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReportedError {
    error_type: Option<String>,
}

impl FunctionError {
    /// An error that Lambda states in the function's place.
    pub(crate) fn stated(kind: &str, message: &str) -> Self {
        let document = serde_json::to_string(&ErrorDocument { error_message: message, error_type: kind });
        Self { kind: kind.to_owned(), document: document.unwrap_or_default() }
    }

    /// The process ended before it answered.
    pub(crate) fn exited(request_id: &str, status: ExitStatus) -> Self {
        Self::stated("Runtime.ExitError", &format!("RequestId: {request_id} Error: {}", explain(status)))
    }

    /// The process was still working when its time was over.
    pub(crate) fn timed_out(request_id: &str, timeout: Duration) -> Self {
        let seconds = timeout.as_secs_f64();
        let message = format!("RequestId: {request_id} Error: Task timed out after {seconds:.2} seconds");
        Self::stated("Sandbox.Timedout", &message)
    }

    /// What the function posted about its own failure. A body that is not JSON is kept as the message.
    pub(crate) fn reported(header: Option<&str>, body: &[u8]) -> Self {
        let header = header.unwrap_or("Unhandled");
        match serde_json::from_slice::<ReportedError>(body) {
            Ok(reported) => Self {
                kind: reported.error_type.unwrap_or_else(|| header.to_owned()),
                document: String::from_utf8_lossy(body).into_owned(),
            },
            Err(_) => Self::stated(header, &String::from_utf8_lossy(body)),
        }
    }
}

/// How a process ended, in the words of Lambda's log.
fn explain(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(0), _) | (None, None) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, Some(signal)) => format!("Runtime exited with error: signal: {}", signal_name(signal)),
    }
}

/// The name that Lambda, whose supervisor is written in Go, gives to a signal.
fn signal_name(signal: i32) -> String {
    match signal {
        1 => "hangup".into(),
        2 => "interrupt".into(),
        3 => "quit".into(),
        4 => "illegal instruction".into(),
        6 => "aborted".into(),
        7 => "bus error".into(),
        8 => "floating point exception".into(),
        9 => "killed".into(),
        11 => "segmentation fault".into(),
        13 => "broken pipe".into(),
        15 => "terminated".into(),
        other => format!("signal {other}"),
    }
}

/// One attempt at one invocation, when it is over.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// What the function answered.
    pub outcome: Result<Bytes, FunctionError>,
    /// From handing the payload over to the answer.
    pub duration: Duration,
    /// From starting the process to its first request for work, if this attempt started one.
    pub init_duration: Option<Duration>,
    /// The process's peak resident memory so far, in MB.
    pub peak_memory_mb: u64,
    /// The last 4 KB of what was logged meanwhile.
    pub log_tail: Vec<u8>,
}

/// What everybody who watches learns of each finished attempt.
#[derive(Debug, Clone)]
pub struct InvocationRecord {
    /// The function's name.
    pub function: String,
    /// The same for all attempts of one event.
    pub request_id: String,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// What the function was given.
    pub payload: Bytes,
    /// What it answered: its response, or an error document.
    pub outcome: Result<Bytes, FunctionError>,
    /// Whether another attempt at the same event follows.
    pub will_retry: bool,
    /// From handing the payload over to the answer.
    pub duration: Duration,
    /// From starting the process to its first request for work, if this attempt started one.
    pub init_duration: Option<Duration>,
    /// The process's peak resident memory so far, in MB.
    pub peak_memory_mb: u64,
}

impl InvocationRecord {
    pub(crate) fn new(
        function: &str,
        invocation: &Invocation,
        attempt: u32,
        finished: &Attempt,
        will_retry: bool,
    ) -> Self {
        Self {
            function: function.to_owned(),
            request_id: invocation.request_id.to_string(),
            attempt,
            payload: invocation.payload.clone(),
            outcome: finished.outcome.clone(),
            will_retry,
            duration: finished.duration,
            init_duration: finished.init_duration,
            peak_memory_mb: finished.peak_memory_mb,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_a_process_are_told_in_lambdas_words() {
        // Wait statuses: an exit code in the second byte, a signal in the first.
        let message = |raw| FunctionError::exited("id", ExitStatus::from_raw(raw)).document;
        assert_eq!(
            message(9),
            r#"{"errorMessage":"RequestId: id Error: Runtime exited with error: signal: killed","errorType":"Runtime.ExitError"}"#
        );
        assert!(message(3 << 8).contains("exit status 3"));
        assert!(message(0).contains("without providing a reason"));
    }

    #[test]
    fn a_reported_error_keeps_its_document_and_text_becomes_one() {
        let json = br#"{"errorType":"Bad","errorMessage":"no","stackTrace":[]}"#;
        let error = FunctionError::reported(Some("unhandled"), json);
        assert_eq!((error.kind.as_str(), error.document.as_bytes()), ("Bad", json.as_slice()));
        let error = FunctionError::reported(None, b"boom");
        assert_eq!(error.document, r#"{"errorMessage":"boom","errorType":"Unhandled"}"#);
    }

    #[test]
    fn trace_ids_have_the_form_that_x_ray_parses() {
        let trace = new_trace_id(1_700_000_000_000);
        let (root, rest) = trace.split_once(';').unwrap();
        assert!(
            root.starts_with("Root=1-6553f100-") && root.len() == "Root=1-6553f100-".len() + 24,
            "{trace}"
        );
        assert!(rest.starts_with("Parent=") && rest.ends_with(";Sampled=0"), "{trace}");
    }
}
