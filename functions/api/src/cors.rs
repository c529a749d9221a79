//! Which other sites' pages may use the API: the Fetch standard's CORS protocol.
//! <https://fetch.spec.whatwg.org/#http-cors-protocol>

use http::{Method, StatusCode, header};
use thumbline::settings::Origins;

use crate::answer::Answer;
use crate::event::Request;

/// How long a browser may remember the answer to a preflight, in seconds.
const PREFLIGHT_SECONDS: &str = "600";
const REQUEST_HEADERS: &str = "content-type, if-none-match, x-api-key";
const EXPOSED_HEADERS: &str = "age, etag, location, retry-after, x-thumbline-source-etag";

/// The answer to OPTIONS, also where no browser asks.
pub fn preflight(methods: &[Method]) -> Answer {
    let methods: Vec<&str> = methods.iter().map(Method::as_str).chain(["OPTIONS"]).collect();
    let methods = methods.join(", ");
    Answer::new(StatusCode::NO_CONTENT)
        .with(header::ALLOW, &methods)
        .with(header::ACCESS_CONTROL_ALLOW_METHODS, &methods)
        .with(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS)
        .with(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS)
}

/// An answer with what lets the page that asked read it, if it may.
pub fn allow(answer: Answer, request: &Request, origins: &Origins) -> Answer {
    let origin = match origins {
        Origins::Any => Some("*"),
        Origins::These(allowed) => {
            let asking = request.header("origin");
            asking.filter(|asking| allowed.iter().any(|origin| origin == asking))
        }
    };
    // The answer differs from one asking site to another, and a cache must know.
    let answer = match origins {
        Origins::These(allowed) if !allowed.is_empty() => answer.with(header::VARY, "origin"),
        _ => answer,
    };
    match origin {
        Some(origin) => answer
            .with(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin)
            .with(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS),
        None => answer,
    }
}
