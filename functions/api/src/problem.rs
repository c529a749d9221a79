//! What is wrong with a request, told as RFC 9457 tells it: which parameter, what is allowed, what to do.
//! <https://www.rfc-editor.org/rfc/rfc9457>

use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use thumbline::Outcome;
use thumbline::aws::AwsError;
use thumbline::rejection::Rejection;
use thumbline::store::{PresignError, StoreError};

use crate::answer::Answer;

/// Seconds after which what did not work is worth another try.
const RETRY_AFTER_SECONDS: u64 = 2;

/// Why a request is not answered with what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The status of the answer.
    pub status: StatusCode,
    /// Names the kind of problem, for machines.
    pub code: String,
    /// For people: what is wrong, and what would be right.
    pub detail: String,
    /// The parameter, field or header that is at fault.
    pub parameter: Option<&'static str>,
    /// What it may be.
    pub allowed: Vec<String>,
    /// The methods that there are instead.
    pub methods: Vec<Method>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Problem {
        Problem {
            status,
            code: code.to_owned(),
            detail: detail.into(),
            parameter: None,
            allowed: Vec::new(),
            methods: Vec::new(),
        }
    }

    /// A parameter that is not as it should be.
    pub fn parameter(name: &'static str, detail: impl Into<String>) -> Problem {
        Problem { parameter: Some(name), ..Problem::new(StatusCode::BAD_REQUEST, "bad_parameter", detail) }
    }

    /// The same, with what would be right.
    #[must_use]
    pub fn allowing<T: ToString>(self, allowed: impl IntoIterator<Item = T>) -> Problem {
        Problem { allowed: allowed.into_iter().map(|value| value.to_string()).collect(), ..self }
    }

    /// Something that this request may not do.
    pub fn forbidden(code: &str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, code, detail)
    }

    /// Something that is not there.
    pub fn not_found(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// Something that a later attempt may find working.
    pub fn unavailable(code: &str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
    }

    /// As an answer. `request_id` finds the request in the logs.
    pub fn answer(&self, request_id: &str) -> Answer {
        let mut body = json!({
            "type": format!("urn:thumbline:problem:{}", self.code),
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "instance": format!("urn:thumbline:request:{request_id}"),
        });
        if let Some(parameter) = self.parameter {
            body["parameter"] = Value::from(parameter);
        }
        if !self.allowed.is_empty() {
            body["allowed"] = Value::from(self.allowed.clone());
        }
        let answer = Answer::new(self.status)
            .with_body("application/problem+json", body.to_string())
            .with(header::CACHE_CONTROL, "no-store");
        let answer = match self.status {
            StatusCode::SERVICE_UNAVAILABLE => {
                answer.with(header::RETRY_AFTER, &RETRY_AFTER_SECONDS.to_string())
            }
            _ => answer,
        };
        let methods: Vec<&str> = self.methods.iter().map(Method::as_str).collect();
        if methods.is_empty() { answer } else { answer.with(header::ALLOW, &methods.join(", ")) }
    }
}

/// An outcome that leaves nothing to serve.
impl From<Outcome> for Problem {
    fn from(outcome: Outcome) -> Problem {
        match outcome {
            Outcome::Removed => Problem::not_found("there is no picture under this key"),
            Outcome::Rejected(rejection) => Problem::from(&rejection),
            Outcome::Ignored(ignored) => {
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, ignored.code(), ignored.to_string())
            }
            Outcome::Retry(retry) => Problem::unavailable(retry.code, "it did not work this time; try again"),
            // These have something to serve; who comes here with them has lost it.
            Outcome::Made(_) | Outcome::UpToDate(_) => {
                Problem::unavailable("internal", "it did not work this time; try again")
            }
        }
    }
}

impl From<&Rejection> for Problem {
    fn from(rejection: &Rejection) -> Problem {
        let status = match rejection.code.as_str() {
            "not_an_image" | "unsupported" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "too_large" => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Problem::new(status, &rejection.code, rejection.message.clone())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        tracing::error!(%error, "a request to S3 failed");
        Problem::unavailable(error.kind.code(), "S3 did not answer as it should; try again")
    }
}

impl From<PresignError> for Problem {
    fn from(error: PresignError) -> Problem {
        tracing::error!(%error, "a link could not be signed");
        Problem::unavailable("internal", "a link could not be signed; try again")
    }
}

impl From<AwsError> for Problem {
    fn from(error: AwsError) -> Problem {
        tracing::error!(%error, "a request to AWS failed");
        Problem::unavailable("unavailable", "the failure queue did not answer as it should; try again")
    }
}
