//! Which pages of other origins may use a bucket from a browser.
//!
//! A browser asks before it sends what a form could not send (a preflight), and hides answers that do not name the page's
//! origin. Facts are from "Using cross-origin resource sharing (CORS)" and "Elements of a CORS configuration" in the S3 user
//! guide: the first rule counts whose origins have the request's, whose methods have its method, and, for a preflight,
//! whose headers have all that are asked for. An origin and a header may have one `*`.
//!
//! Rules are given when the store is opened. They can't be changed or read by requests.

use std::collections::BTreeMap;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use s3s::Body;

/// The operation of a preflight in the log of requests.
pub(crate) const PREFLIGHT: &str = "Preflight";

/// One rule of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorsRule {
    /// Such as `https://example.com`, `https://*.example.com` or `*`.
    pub origins: Vec<String>,
    /// Among GET, PUT, POST, DELETE and HEAD.
    pub methods: Vec<String>,
    /// Headers that a page may send, in any case; `*` for all.
    pub headers: Vec<String>,
    /// Headers that a page may read.
    pub exposed: Vec<String>,
    /// For how long a browser may remember the answer to a preflight.
    pub max_age_seconds: Option<u32>,
}

/// The rules of all buckets.
pub(crate) type Rules = BTreeMap<String, Vec<CorsRule>>;

/// What a browser said of the page that a request comes from.
#[derive(Debug)]
pub(crate) struct Visit {
    origin: String,
    /// The method that a preflight asks for, or the request's own.
    method: String,
    /// The headers that a preflight asks for, in lower case.
    headers: Vec<String>,
    pub(crate) is_preflight: bool,
}

impl Visit {
    /// Reads it from a request; `None` if the request says nothing of an origin.
    pub(crate) fn of<B>(request: &Request<B>) -> Option<Self> {
        let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let origin = header(ORIGIN)?.to_owned();
        let asked = header(ACCESS_CONTROL_REQUEST_METHOD).filter(|_| request.method() == Method::OPTIONS);
        let headers = header(ACCESS_CONTROL_REQUEST_HEADERS).filter(|_| asked.is_some()).unwrap_or_default();
        let headers = headers.split(',').map(|name| name.trim().to_ascii_lowercase());
        Some(Self {
            origin,
            method: asked.unwrap_or(request.method().as_str()).to_owned(),
            headers: headers.filter(|name| !name.is_empty()).collect(),
            is_preflight: asked.is_some(),
        })
    }

    fn rule<'a>(&self, rules: &'a [CorsRule]) -> Option<&'a CorsRule> {
        rules.iter().find(|rule| {
            rule.origins.iter().any(|origin| fits(origin, &self.origin))
                && rule.methods.contains(&self.method)
                && self
                    .headers
                    .iter()
                    .all(|name| rule.headers.iter().any(|allowed| fits(&allowed.to_ascii_lowercase(), name)))
        })
    }

    /// Adds to an answer what lets the page read it, if a rule does.
    pub(crate) fn mark(&self, rules: Option<&Vec<CorsRule>>, answer: &mut HeaderMap) {
        let Some(rule) = rules.and_then(|rules| self.rule(rules)) else { return };
        let any = rule.origins.iter().any(|origin| origin == "*");
        set(answer, ACCESS_CONTROL_ALLOW_ORIGIN, if any { "*" } else { &self.origin });
        set(answer, ACCESS_CONTROL_ALLOW_METHODS, &rule.methods.join(", "));
        if !any {
            set(answer, ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        }
        if !rule.exposed.is_empty() {
            set(answer, ACCESS_CONTROL_EXPOSE_HEADERS, &rule.exposed.join(", "));
        }
        if let Some(seconds) = rule.max_age_seconds {
            set(answer, ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
        }
        if !self.headers.is_empty() {
            set(answer, ACCESS_CONTROL_ALLOW_HEADERS, &self.headers.join(", "));
        }
        set(answer, VARY, "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
    }

    /// The answer to a preflight.
    pub(crate) fn answer(&self, rules: Option<&Vec<CorsRule>>) -> Response<Body> {
        let mut answer = Response::new(Body::empty());
        self.mark(rules, answer.headers_mut());
        if answer.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
            return answer;
        }
        let message = match rules {
            None => "CORSResponse: CORS is not enabled for this bucket.",
            Some(_) => {
                "CORSResponse: This CORS request is not allowed. The bucket's rules have no such origin, method or header."
            }
        };
        let document = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessForbidden</Code><Message>{message}</Message></Error>"
        );
        *answer.status_mut() = StatusCode::FORBIDDEN;
        set(answer.headers_mut(), CONTENT_TYPE, "application/xml");
        *answer.body_mut() = Body::from(document);
        answer
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Whether a text is what a pattern with at most one `*` says.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Vec<CorsRule> {
        vec![CorsRule {
            origins: vec!["https://*.example.com".into(), "http://127.0.0.1:4571".into()],
            methods: vec!["POST".into(), "PUT".into()],
            headers: vec!["Content-*".into()],
            exposed: vec!["ETag".into()],
            max_age_seconds: Some(60),
        }]
    }

    fn preflight(origin: &str, method: &str, headers: &str) -> Response<Body> {
        let request = Request::options("/bucket/key")
            .header("origin", origin)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", headers);
        Visit::of(&request.body(()).unwrap()).unwrap().answer(Some(&rules()))
    }

    #[test]
    fn a_preflight_is_answered_by_the_rule_that_has_origin_method_and_headers() {
        let answer = preflight("https://www.example.com", "PUT", "content-type, Content-MD5");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["access-control-allow-origin"], "https://www.example.com");
        assert_eq!(answer.headers()["access-control-allow-headers"], "content-type, content-md5");
        assert_eq!(answer.headers()["access-control-max-age"], "60");
        for (origin, method, headers) in [
            ("https://example.org", "PUT", ""),
            ("https://.example.co", "PUT", ""),
            ("https://www.example.com", "DELETE", ""),
            ("https://www.example.com", "PUT", "content-type, x-other"),
        ] {
            let answer = preflight(origin, method, headers);
            assert_eq!(answer.status(), 403, "{origin} {method} {headers}");
            assert!(!answer.headers().contains_key("access-control-allow-origin"));
        }
    }

    #[test]
    fn other_answers_are_marked_for_their_origin_and_those_without_one_are_left_alone() {
        let request = Request::post("/bucket").header("origin", "http://127.0.0.1:4571").body(()).unwrap();
        let visit = Visit::of(&request).unwrap();
        assert!(!visit.is_preflight);
        let mut headers = HeaderMap::new();
        visit.mark(Some(&rules()), &mut headers);
        assert_eq!(headers["access-control-allow-origin"], "http://127.0.0.1:4571");
        assert_eq!(headers["access-control-expose-headers"], "ETag");
        let mut headers = HeaderMap::new();
        visit.mark(None, &mut headers);
        assert!(headers.is_empty());
        assert!(Visit::of(&Request::post("/bucket").body(()).unwrap()).is_none());
    }
}
