//! The event that a Lambda proxy integration makes of a request: payload 1.0.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format>

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::api::{ApiKey, RestApi};
use crate::media::is_binary;
use crate::query::Parameters;
use crate::routes::Match;

/// Headers that end at the gateway.
const NOT_PASSED_ON: [HeaderName; 3] = [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING];
/// `21/Nov/2026:11:02:33 +0000`, as access logs have it.
const REQUEST_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");

/// Everything that an event is made of.
pub(crate) struct Arrival<'a> {
    pub(crate) api: &'a RestApi,
    pub(crate) account_id: &'a str,
    pub(crate) found: &'a Match<'a>,
    pub(crate) request: &'a Parts,
    /// The path below the stage, as it was sent.
    pub(crate) path: &'a str,
    pub(crate) query: &'a Parameters,
    /// The key that was checked, if the method needs one.
    pub(crate) key: Option<&'a ApiKey>,
    pub(crate) body: &'a Bytes,
    pub(crate) request_id: &'a str,
    pub(crate) peer: SocketAddr,
    /// Where the gateway listens.
    pub(crate) port: u16,
    pub(crate) now: OffsetDateTime,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    resource: &'a str,
    path: &'a str,
    http_method: &'a str,
    headers: BTreeMap<&'a str, String>,
    multi_value_headers: BTreeMap<&'a str, Vec<String>>,
    query_string_parameters: Option<BTreeMap<&'a str, &'a str>>,
    multi_value_query_string_parameters: Option<&'a Parameters>,
    path_parameters: Option<BTreeMap<&'a str, &'a str>>,
    stage_variables: Option<()>,
    request_context: Context<'a>,
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    resource_id: &'a str,
    resource_path: &'a str,
    http_method: &'a str,
    extended_request_id: &'a str,
    request_time: String,
    path: String,
    account_id: &'a str,
    protocol: String,
    stage: &'a str,
    domain_prefix: &'a str,
    request_time_epoch: i128,
    request_id: &'a str,
    identity: Identity<'a>,
    domain_name: &'a str,
    deployment_id: &'a str,
    api_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    cognito_identity_pool_id: Option<()>,
    account_id: Option<()>,
    cognito_identity_id: Option<()>,
    caller: Option<()>,
    source_ip: String,
    principal_org_id: Option<()>,
    access_key: Option<()>,
    cognito_authentication_type: Option<()>,
    cognito_authentication_provider: Option<()>,
    user_arn: Option<()>,
    user_agent: Option<String>,
    user: Option<()>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<&'a str>,
}

impl Arrival<'_> {
    /// The event, as JSON.
    pub(crate) fn event(&self) -> serde_json::Result<Vec<u8>> {
        let multi_value_headers = self.headers();
        let headers = multi_value_headers
            .iter()
            .filter_map(|(&name, values)| Some((name, values.last()?.clone())))
            .collect();
        let last =
            |(name, values): (&'_ String, &'_ Vec<String>)| Some((name.clone(), values.last()?.clone()));
        let single: BTreeMap<String, String> = self.query.iter().filter_map(last).collect();
        let single = single.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let parameters: BTreeMap<_, _> = self.found.parameters.iter().copied().collect();
        let (body, is_base64_encoded) = self.body();
        let resource = self.found.method.resource.as_str();
        let event = Event {
            resource,
            path: self.path,
            http_method: self.request.method.as_str(),
            headers,
            multi_value_headers,
            query_string_parameters: (!self.query.is_empty()).then_some(single),
            multi_value_query_string_parameters: (!self.query.is_empty()).then_some(self.query),
            path_parameters: (!parameters.is_empty()).then_some(parameters),
            stage_variables: None,
            request_context: self.context(resource),
            body,
            is_base64_encoded,
        };
        serde_json::to_vec(&event)
    }

    fn context<'b>(&'b self, resource: &'b str) -> Context<'b> {
        let user_agent = self.request.headers.get(USER_AGENT).map(text);
        Context {
            resource_id: "local",
            resource_path: resource,
            http_method: self.request.method.as_str(),
            extended_request_id: self.request_id,
            request_time: self.now.format(REQUEST_TIME).unwrap_or_default(),
            path: self.whole_path(),
            account_id: self.account_id,
            protocol: format!("{:?}", self.request.version),
            stage: &self.api.stage,
            domain_prefix: &self.api.id,
            request_time_epoch: self.now.unix_timestamp_nanos() / 1_000_000,
            request_id: self.request_id,
            identity: Identity {
                cognito_identity_pool_id: None,
                account_id: None,
                cognito_identity_id: None,
                caller: None,
                source_ip: self.peer.ip().to_string(),
                principal_org_id: None,
                access_key: None,
                cognito_authentication_type: None,
                cognito_authentication_provider: None,
                user_arn: None,
                user_agent,
                user: None,
                api_key: self.key.map(|key| key.value.as_str()),
                api_key_id: self.key.map(|key| key.id.as_str()),
            },
            domain_name: self
                .request
                .headers
                .get(HOST)
                .and_then(|host| host.to_str().ok())
                .unwrap_or_default(),
            deployment_id: "local",
            api_id: &self.api.id,
        }
    }

    /// With the stage, as it was sent.
    fn whole_path(&self) -> String {
        self.request.uri.path().to_owned()
    }

    fn headers(&self) -> BTreeMap<&str, Vec<String>> {
        let mut headers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (name, value) in passed_on(&self.request.headers) {
            headers.entry(name.as_str()).or_default().push(text(value));
        }
        // Who the request came through is told after what it said of that itself.
        let peer = self.peer.ip().to_string();
        let forwarded = match headers.get("x-forwarded-for") {
            Some(before) => format!("{}, {peer}", before.join(", ")),
            None => peer,
        };
        headers.insert("x-forwarded-for", vec![forwarded]);
        headers.insert("x-forwarded-port", vec![self.port.to_string()]);
        headers.insert("x-forwarded-proto", vec!["http".to_owned()]);
        headers.entry("x-amzn-trace-id").or_insert_with(|| vec![self.trace_id()]);
        headers
    }

    /// `Root=1-{epoch seconds}-{96 random bits}`, as X-Ray wants it.
    fn trace_id(&self) -> String {
        let random: String = self.request_id.chars().filter(char::is_ascii_hexdigit).take(24).collect();
        format!("Root=1-{:08x}-{random}", self.now.unix_timestamp())
    }

    fn body(&self) -> (Option<String>, bool) {
        if self.body.is_empty() {
            return (None, false);
        }
        if is_binary(&self.api.binary_media_types, &self.request.headers, &CONTENT_TYPE) {
            return (Some(BASE64_STANDARD.encode(self.body)), true);
        }
        (Some(String::from_utf8_lossy(self.body).into_owned()), false)
    }
}

fn passed_on(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    headers.iter().filter(|(name, _)| !NOT_PASSED_ON.contains(name))
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
