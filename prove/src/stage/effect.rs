//! What can go wrong with one call.

use http::StatusCode;

use super::proxy::{After, Before, Refusal};

const INTERNAL_ERROR: Refusal = Refusal { status: StatusCode::INTERNAL_SERVER_ERROR, code: "InternalError" };
const SLOW_DOWN: Refusal = Refusal { status: StatusCode::SERVICE_UNAVAILABLE, code: "SlowDown" };
const CONFLICT: Refusal = Refusal { status: StatusCode::CONFLICT, code: "ConditionalRequestConflict" };
const PRECONDITION_FAILED: Refusal =
    Refusal { status: StatusCode::PRECONDITION_FAILED, code: "PreconditionFailed" };
const EXPIRED_TOKEN: Refusal = Refusal { status: StatusCode::BAD_REQUEST, code: "ExpiredToken" };
const ACCESS_DENIED: Refusal = Refusal { status: StatusCode::FORBIDDEN, code: "AccessDenied" };

/// What goes wrong. «Lost» effects strike after the store has done what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    InternalError,
    SlowDown,
    Conflict,
    PreconditionFailed,
    ExpiredToken,
    AccessDenied,
    Timeout,
    Reset,
    InternalErrorInstead,
    TimeoutInstead,
    ResetInstead,
    Truncated,
    SpoiltAnswer,
    SpoiltRequest,
}

impl Effect {
    pub(crate) const ALL: [Effect; 14] = [
        Effect::InternalError,
        Effect::SlowDown,
        Effect::Conflict,
        Effect::PreconditionFailed,
        Effect::ExpiredToken,
        Effect::AccessDenied,
        Effect::Timeout,
        Effect::Reset,
        Effect::InternalErrorInstead,
        Effect::TimeoutInstead,
        Effect::ResetInstead,
        Effect::Truncated,
        Effect::SpoiltAnswer,
        Effect::SpoiltRequest,
    ];

    /// Whether it can happen to this operation, and be noticed. `has_body` says whether its answer has one.
    pub(crate) fn concerns(self, operation: &str, has_body: bool) -> bool {
        let writes = ["PutObject", "DeleteObject"].contains(&operation);
        match self {
            // To lose the answer to a question is the same as never having asked it.
            Effect::InternalErrorInstead | Effect::TimeoutInstead | Effect::ResetInstead => writes,
            Effect::Truncated => has_body && ["GetObject", "ListObjectsV2"].contains(&operation),
            // S3 sends no checksum with a listing.
            Effect::SpoiltAnswer => has_body && operation == "GetObject",
            Effect::SpoiltRequest => operation == "PutObject",
            _ => true,
        }
    }

    /// What it does to the request.
    pub(crate) fn before(self) -> Before {
        match self {
            Effect::InternalError => Before::Refuse(INTERNAL_ERROR),
            Effect::SlowDown => Before::Refuse(SLOW_DOWN),
            Effect::Conflict => Before::Refuse(CONFLICT),
            Effect::PreconditionFailed => Before::Refuse(PRECONDITION_FAILED),
            Effect::ExpiredToken => Before::Refuse(EXPIRED_TOKEN),
            Effect::AccessDenied => Before::Refuse(ACCESS_DENIED),
            Effect::Timeout => Before::Silence,
            Effect::Reset => Before::Reset,
            Effect::SpoiltRequest => Before::Spoil,
            Effect::InternalErrorInstead
            | Effect::TimeoutInstead
            | Effect::ResetInstead
            | Effect::Truncated
            | Effect::SpoiltAnswer => Before::Pass,
        }
    }

    /// What it does to the answer.
    pub(crate) fn after(self) -> After {
        match self {
            Effect::InternalErrorInstead => After::Refuse(INTERNAL_ERROR),
            Effect::TimeoutInstead => After::Silence,
            Effect::ResetInstead => After::Reset,
            Effect::Truncated => After::Truncate,
            Effect::SpoiltAnswer => After::Spoil,
            _ => After::Pass,
        }
    }
}
