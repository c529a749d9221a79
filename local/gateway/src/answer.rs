//! The response that is made of a function's answer.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format>

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde::Deserialize;

use crate::api::RestApi;
use crate::media::is_binary;
use crate::refusal::Refusal;

/// Headers that API Gateway sets itself, whatever the function says.
const OWN: [HeaderName; 3] = [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING];
/// Headers of a function that API Gateway passes on under another name.
const REMAPPED: [&str; 3] = ["date", "server", "www-authenticate"];

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Answer {
    status_code: Option<Status>,
    headers: Option<BTreeMap<String, Scalar>>,
    multi_value_headers: Option<BTreeMap<String, Vec<Scalar>>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Status {
    Number(u16),
    Text(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Flag(bool),
}

impl Scalar {
    fn header(&self) -> Option<HeaderValue> {
        match self {
            Self::Text(text) => HeaderValue::from_str(text).ok(),
            Self::Flag(flag) => HeaderValue::from_str(&flag.to_string()).ok(),
        }
    }
}

/// Makes the response of what a function returned.
pub(crate) fn read(
    api: &RestApi,
    request: &HeaderMap,
    returned: &[u8],
) -> Result<Response<Full<Bytes>>, Refusal> {
    let answer: Answer = serde_json::from_slice(returned).map_err(|error| {
        tracing::warn!(%error, "the function's answer has not the form of a proxy integration");
        Refusal::Malformed
    })?;
    let status = match answer.status_code {
        None => Some(StatusCode::OK),
        Some(Status::Number(number)) => StatusCode::from_u16(number).ok(),
        Some(Status::Text(text)) => StatusCode::from_bytes(text.as_bytes()).ok(),
    };
    let status = status.ok_or(Refusal::Malformed)?;
    let text = answer.body.unwrap_or_default();
    let body =
        if answer.is_base64_encoded == Some(true) && is_binary(&api.binary_media_types, request, &ACCEPT) {
            BASE64_STANDARD.decode(text).map_err(|_| Refusal::Failed)?
        } else {
            text.into_bytes()
        };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    *response.headers_mut() =
        merge(&answer.headers.unwrap_or_default(), &answer.multi_value_headers.unwrap_or_default())?;
    if !response.headers().contains_key(CONTENT_TYPE) {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(response)
}

/// One list of both maps; a name that is in both has the values of the one that can have several.
fn merge(
    single: &BTreeMap<String, Scalar>,
    several: &BTreeMap<String, Vec<Scalar>>,
) -> Result<HeaderMap, Refusal> {
    let mut headers = HeaderMap::new();
    let pairs = single.iter().map(|(name, value)| (name, std::slice::from_ref(value)));
    for (name, values) in pairs.chain(several.iter().map(|(name, values)| (name, values.as_slice()))) {
        let mut name = HeaderName::try_from(name).map_err(|_| Refusal::Malformed)?;
        if OWN.contains(&name) {
            continue;
        }
        if REMAPPED.contains(&name.as_str()) {
            name = HeaderName::try_from(format!("x-amzn-remapped-{name}")).map_err(|_| Refusal::Malformed)?;
        }
        headers.remove(&name);
        for value in values {
            headers.append(&name, value.header().ok_or(Refusal::Malformed)?);
        }
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn api(types: &[&str]) -> RestApi {
        RestApi {
            id: "api".into(),
            stage: "v1".into(),
            binary_media_types: types.iter().map(|&each| each.to_owned()).collect(),
            methods: Vec::new(),
            keys: Vec::new(),
        }
    }

    async fn answer(types: &[&str], returned: &str) -> Result<(u16, HeaderMap, Bytes), Refusal> {
        let (parts, body) = read(&api(types), &HeaderMap::new(), returned.as_bytes())?.into_parts();
        Ok((parts.status.as_u16(), parts.headers, body.collect().await.unwrap().to_bytes()))
    }

    #[tokio::test]
    async fn an_answer_becomes_a_response_with_the_headers_of_both_maps() {
        let returned = r#"{"statusCode":"201","headers":{"ETag":"\"a\"","Vary":"x","Server":"me","Content-Length":"99","X-On":true},
            "multiValueHeaders":{"vary":["Accept","Origin"]},"body":"{}"}"#;
        let (status, headers, body) = answer(&["*/*"], returned).await.unwrap();
        assert_eq!((status, body.as_ref()), (201, b"{}".as_slice()));
        assert_eq!(headers.get_all("vary").iter().collect::<Vec<_>>(), ["Accept", "Origin"]);
        assert_eq!(
            (&headers["etag"], &headers["x-on"]),
            (&HeaderValue::from_static("\"a\""), &HeaderValue::from_static("true"))
        );
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers["x-amzn-remapped-server"], "me");
        assert!(!headers.contains_key("content-length") && !headers.contains_key("server"));
        assert_eq!(answer(&[], "{}").await.unwrap().0, 200);
    }

    #[tokio::test]
    async fn base64_is_decoded_for_binary_types_only() {
        let returned = r#"{"body":"AP8=","isBase64Encoded":true}"#;
        assert_eq!(answer(&["*/*"], returned).await.unwrap().2.as_ref(), [0, 255]);
        assert_eq!(answer(&["image/png"], returned).await.unwrap().2.as_ref(), b"AP8=");
        let broken = r#"{"body":"?","isBase64Encoded":true}"#;
        assert_eq!(answer(&["*/*"], broken).await.unwrap_err(), Refusal::Failed);
    }

    #[tokio::test]
    async fn what_is_no_answer_is_malformed() {
        for returned in [
            "null",
            r#""text""#,
            r#"{"errorMessage":"no"}"#,
            r#"{"statusCode":"ok"}"#,
            r#"{"statusCode":1000}"#,
            r#"{"body":{}}"#,
            r#"{"headers":{"a b":"c"}}"#,
            r#"{"headers":{"a":"b\nc"}}"#,
            r#"{"headers":{"a":1}}"#,
        ] {
            assert_eq!(answer(&["*/*"], returned).await.unwrap_err(), Refusal::Malformed, "{returned}");
        }
    }
}
