//! What API Gateway answers by itself, without a function: the default gateway responses.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;

/// Why a request gets no function's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The query has characters that must be encoded.
    BadQuery,
    /// There is no such stage, or the method needs an API key and there is none that is valid.
    Forbidden,
    /// No method of the API is for this path. AWS answers as for a request that lacks a signature.
    NoMethod,
    /// The body, or the event with the body in it, is too large.
    TooLarge,
    /// The function could not be invoked.
    Failed,
    /// The function failed, or its answer is none.
    Malformed,
    /// The function took too long.
    TimedOut,
}

impl Refusal {
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadQuery => (StatusCode::BAD_REQUEST, "Bad Request", "BadRequestException"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Forbidden", "ForbiddenException"),
            Self::NoMethod => {
                (StatusCode::FORBIDDEN, "Missing Authentication Token", "MissingAuthenticationTokenException")
            }
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long", "RequestTooLongException"),
            Self::Failed => {
                (StatusCode::INTERNAL_SERVER_ERROR, "Internal server error", "InternalServerErrorException")
            }
            Self::Malformed => {
                (StatusCode::BAD_GATEWAY, "Internal server error", "InternalServerErrorException")
            }
            Self::TimedOut => {
                (StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out", "InternalServerErrorException")
            }
        }
    }

    pub(crate) fn response(self) -> Response<Full<Bytes>> {
        let (status, message, kind) = self.parts();
        let mut response = Response::new(Full::new(Bytes::from(format!(r#"{{"message":"{message}"}}"#))));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(HeaderName::from_static("x-amzn-errortype"), HeaderValue::from_static(kind));
        response
    }
}
