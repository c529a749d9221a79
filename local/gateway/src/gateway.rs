//! A request's way: stage, method, key, event, function, answer.

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{HeaderName, LOCATION};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use subtle::ConstantTimeEq as _;
use thumbline_local_lambda::{InvokeError, Lambda, read_body};
use time::OffsetDateTime;

use crate::answer;
use crate::api::{ApiKey, RestApi};
use crate::event::Arrival;
use crate::query;
use crate::refusal::Refusal;

/// The most bytes of a request's body: 10 MB.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// One stage of a REST API, and the functions behind it.
#[derive(Debug, Clone)]
pub struct Gateway {
    api: RestApi,
    account_id: String,
    lambda: Lambda,
    port: u16,
}

impl Gateway {
    /// A gateway for an API of this account, which is told to listen on this port.
    pub fn new(api: RestApi, account_id: impl Into<String>, lambda: Lambda, port: u16) -> Self {
        Self { api, account_id: account_id.into(), lambda, port }
    }

    /// Answers a request. It fails only if its body can't be read.
    pub async fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> hyper::Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        // Read first, whatever becomes of it: a client that is refused while it still sends may see a broken connection.
        let body = read_body(body, MAX_BODY_BYTES).await?;
        let request_id = uuid::Uuid::new_v4().to_string();
        let mut response =
            self.forward(&parts, body, &request_id, peer).await.unwrap_or_else(Refusal::response);
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert(HeaderName::from_static("x-amzn-requestid"), id);
        }
        Ok(response)
    }

    async fn forward(
        &self,
        parts: &Parts,
        body: Option<Bytes>,
        request_id: &str,
        peer: SocketAddr,
    ) -> Result<Response<Full<Bytes>>, Refusal> {
        let whole = parts.uri.path();
        if whole == "/" {
            return Ok(self.lead_in());
        }
        let path = self.below_stage(whole).ok_or(Refusal::Forbidden)?;
        let body = body.ok_or(Refusal::TooLarge)?;
        let query = query::parse(parts.uri.query().unwrap_or_default()).ok_or(Refusal::BadQuery)?;
        let found = self.api.find(&parts.method, path).ok_or(Refusal::NoMethod)?;
        let key = if found.method.key_required { Some(self.check_key(parts)?) } else { None };
        let arrival = Arrival {
            api: &self.api,
            account_id: &self.account_id,
            found: &found,
            request: parts,
            path,
            query: &query,
            key,
            body: &body,
            request_id,
            peer,
            port: self.port,
            now: OffsetDateTime::now_utc(),
        };
        let event = arrival.event().map_err(|_| Refusal::Failed)?;
        let invoked = self.lambda.invoke_when_free(&found.method.function, event.into());
        let attempt = match tokio::time::timeout(found.method.timeout, invoked).await {
            Err(_) => return Err(Refusal::TimedOut),
            Ok(Err(InvokeError::TooLarge { .. })) => return Err(Refusal::TooLarge),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the API's function was not invoked");
                return Err(Refusal::Failed);
            }
            Ok(Ok(attempt)) => attempt,
        };
        let returned = attempt.outcome.map_err(|error| {
            tracing::warn!(kind = error.kind, "the API's function failed");
            Refusal::Malformed
        })?;
        answer::read(&self.api, &parts.headers, &returned)
    }

    /// The path below the stage, as it was sent; slashes at its beginning are one.
    fn below_stage<'a>(&self, whole: &'a str) -> Option<&'a str> {
        let rest = whole.strip_prefix('/')?.strip_prefix(self.api.stage.as_str())?;
        if rest.is_empty() {
            return Some("/");
        }
        let below = rest.strip_prefix('/')?.trim_start_matches('/');
        // The slash before it.
        Some(rest.get(rest.len() - below.len() - 1..).unwrap_or(rest))
    }

    fn check_key(&self, parts: &Parts) -> Result<&ApiKey, Refusal> {
        let sent = parts.headers.get(API_KEY).ok_or(Refusal::Forbidden)?;
        let matches = |key: &&ApiKey| bool::from(key.value.as_bytes().ct_eq(sent.as_bytes()));
        self.api.keys.iter().find(matches).ok_or(Refusal::Forbidden)
    }

    /// To the stage, for whoever types the address alone.
    fn lead_in(&self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::FOUND;
        if let Ok(target) = HeaderValue::from_str(&format!("/{}/", self.api.stage)) {
            response.headers_mut().insert(LOCATION, target);
        }
        response
    }
}
