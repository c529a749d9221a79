//! The events in which an HTTP request arrives, and what is taken out of them.
//!
//! Three services invoke the function for a request, and differ in just the things that matter to a signature and to a key:
//!
//! | | path | query |
//! |---|---|---|
//! | REST API (payload 1.0) | percent-encoded, as it was sent | decoded, its order lost |
//! | HTTP API (payload 2.0) | **decoded** | as it was sent |
//! | function URL (payload 2.0) | percent-encoded, as it was sent | as it was sent |
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>
//!
//! They are read here, and not by `lambda_http`, which puts the query into a hash map (so that the order
//! can not be seen any more) and panics where a decoded path, such as one with a space, is no URI.

mod wire;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;

use self::wire::{Event, HttpEvent, Pairs, RestEvent};

/// A request, whoever delivered it.
#[derive(Clone, Debug)]
pub struct Request {
    /// Such as GET.
    pub method: Method,
    /// The path below the API's base, decoded once. It begins with `/`.
    pub path: String,
    /// The URL that [`Request::path`] is below, without a `/` at its end: scheme, host and stage.
    pub base: String,
    /// The parameters, decoded once.
    pub query: Vec<(String, String)>,
    /// Whether they are in the order in which they were sent, which a REST API does not preserve.
    pub query_is_as_sent: bool,
    /// All headers that are valid in HTTP.
    pub headers: HeaderMap,
    /// The body; empty where there is none.
    pub body: Bytes,
    /// Whether API Gateway has checked an API key before it invoked the function.
    pub key_checked: bool,
    /// Who asks, for the log.
    pub source_ip: Option<String>,
}

/// Why an event can't be read as a request.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It has none of the three forms.
    #[error("this is no event of a REST API, an HTTP API (payload 2.0) or a function URL: {0}")]
    Form(#[from] serde_json::Error),
    /// The method is no HTTP method.
    #[error("the method {0:?} is none")]
    Method(String),
    /// The path or the query does not decode to UTF-8.
    #[error("the {0} is not UTF-8 when its percent-encoding is taken off")]
    Encoding(&'static str),
    /// The body is announced as Base64 and is not.
    #[error("the body is not the Base64 that the event says it is: {0}")]
    Body(#[from] base64::DecodeError),
}

impl Request {
    /// Reads an event.
    ///
    /// # Errors
    /// [`EventError`]
    pub fn read(event: &RawValue) -> Result<Request, EventError> {
        match serde_json::from_str::<Event>(event.get())? {
            Event::Http(event) => Request::from_http(*event),
            Event::Rest(event) => Request::from_rest(*event),
        }
    }

    /// The value of a header, if it is there and is ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The value of a header that is a list, which may come in several lines. Empty where there is none.
    pub fn header_list(&self, name: &str) -> String {
        let lines = self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        lines.collect::<Vec<_>>().join(", ")
    }

    fn from_rest(event: RestEvent) -> Result<Request, EventError> {
        let context = event.request_context;
        let headers = headers(&event.multi_value_headers, &event.headers);
        // Behind a domain of one's own, `path` begins with the base path mapping and `requestContext.path` with the same;
        // behind the API's own domain, `requestContext.path` begins with the stage and `path` does not.
        let sent = context.path.as_deref().unwrap_or(&event.path);
        let proxied = event.path_parameters.first("proxy").map(str::to_owned);
        let (base_path, path) = split_base(sent, &event.path, event.resource.as_deref(), proxied.as_deref());
        let query = if event.multi_value_query.is_empty() { event.query } else { event.multi_value_query };
        Ok(Request {
            method: method(&event.http_method)?,
            path: decoded(path, "path")?,
            base: base_url(&headers, context.domain_name.as_deref(), base_path),
            query_is_as_sent: false,
            query: query.flat().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: body(event.body, event.is_base64_encoded)?,
            key_checked: context.identity.api_key.is_some_and(|key| !key.is_empty()),
            source_ip: context.identity.source_ip,
            headers,
        })
    }

    fn from_http(event: HttpEvent) -> Result<Request, EventError> {
        let context = event.request_context;
        let headers = headers(&Pairs::default(), &event.headers);
        let is_encoded = is_function_url(context.domain_name.as_deref().unwrap_or_default());
        let stage = match context.stage.as_deref() {
            None | Some("" | "$default") => String::new(),
            Some(stage) => format!("/{stage}"),
        };
        let below =
            event.raw_path.strip_prefix(&stage).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let path = if below.is_some_and(str::is_empty) { "/" } else { below.unwrap_or(&event.raw_path) };
        Ok(Request {
            method: method(&context.http.method)?,
            path: if is_encoded { decoded(path, "path")? } else { path.to_owned() },
            base: base_url(&headers, context.domain_name.as_deref(), &stage),
            query: parse_query(&event.raw_query_string)?,
            query_is_as_sent: true,
            body: body(event.body, event.is_base64_encoded)?,
            key_checked: false,
            source_ip: context.http.source_ip,
            headers,
        })
    }
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html>
fn is_function_url(domain: &str) -> bool {
    domain.split('.').nth(1) == Some("lambda-url")
}

/// Splits what was sent into the part that names the stage or the base path mapping, and the rest. All are still encoded.
///
/// API Gateway says itself what lies below: a resource, such as `/images/{proxy+}`, and what was sent for its parameter.
fn split_base<'a>(
    sent: &'a str,
    path: &'a str,
    resource: Option<&str>,
    proxied: Option<&str>,
) -> (&'a str, &'a str) {
    let literal = resource.and_then(|resource| resource.split('{').next()).unwrap_or("/");
    let below = format!("{literal}{}", proxied.unwrap_or_default());
    if below == "/" {
        return (sent.trim_end_matches('/'), "/");
    }
    if sent.ends_with(&below) {
        return sent.split_at(sent.len() - below.len());
    }
    // Something was sent in another form than API Gateway tells it, such as with a slash at its end: `path` is as it was sent.
    (sent.strip_suffix(path).unwrap_or_default(), path)
}

fn base_url(headers: &HeaderMap, domain: Option<&str>, base_path: &str) -> String {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = header("x-forwarded-proto").filter(|scheme| *scheme == "http").unwrap_or("https");
    let host = header("host").or(domain).unwrap_or_default();
    format!("{scheme}://{host}{base_path}")
}

fn method(name: &str) -> Result<Method, EventError> {
    Method::from_bytes(name.as_bytes()).map_err(|_| EventError::Method(name.to_owned()))
}

fn decoded(encoded: &str, what: &'static str) -> Result<String, EventError> {
    let decoded = percent_decode_str(encoded).decode_utf8().map_err(|_| EventError::Encoding(what))?;
    Ok(decoded.into_owned())
}

/// A query string as forms write it: `+` is a space. <https://url.spec.whatwg.org/#urlencoded-parsing>
fn parse_query(raw: &str) -> Result<Vec<(String, String)>, EventError> {
    let decode = |text: &str| decoded(&text.replace('+', " "), "query");
    raw.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

/// Headers in either of the two forms. What is no valid header is left out: API Gateway lets none of them in.
fn headers(multi: &Pairs, single: &Pairs) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let pairs = if multi.is_empty() { single } else { multi };
    for (name, value) in pairs.flat() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    headers
}

fn body(text: Option<String>, is_base64: bool) -> Result<Bytes, EventError> {
    match text {
        None => Ok(Bytes::new()),
        Some(text) if is_base64 => Ok(BASE64_STANDARD.decode(text)?.into()),
        Some(text) => Ok(text.into_bytes().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_below_the_stage_is_found_for_every_resource() {
        for (sent, path, resource, proxied, base, below) in [
            ("/v1/", "/", Some("/"), None, "/v1", "/"),
            ("/v1", "/", Some("/"), None, "/v1", "/"),
            ("/v1/health", "/health", Some("/{proxy+}"), Some("health"), "/v1", "/health"),
            ("/v1/images", "/images", Some("/images"), None, "/v1", "/images"),
            ("/v1/images/", "/images/", Some("/images"), None, "/v1", "/images/"),
            (
                "/v1/images/a%2Fb",
                "/images/a%2Fb",
                Some("/images/{proxy+}"),
                Some("a%2Fb"),
                "/v1",
                "/images/a%2Fb",
            ),
            ("/v1/images/a/", "/images/a/", Some("/images/{proxy+}"), Some("a"), "/v1", "/images/a/"),
            // Behind a domain of one's own with a base path mapping.
            ("/pics/images/a", "/pics/images/a", Some("/images/{proxy+}"), Some("a"), "/pics", "/images/a"),
            ("/v1/a", "/a", None, Some("a"), "/v1", "/a"),
        ] {
            assert_eq!(split_base(sent, path, resource, proxied), (base, below), "{sent}");
        }
    }
}
