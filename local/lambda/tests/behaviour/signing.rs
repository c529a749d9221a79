//! Requests as AWS's own signer signs them.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;

/// Who signs, for what, and when.
pub(crate) struct Signer {
    pub(crate) access_key_id: &'static str,
    pub(crate) secret_access_key: &'static str,
    pub(crate) region: &'static str,
    pub(crate) service: &'static str,
    pub(crate) time: SystemTime,
}

impl Signer {
    pub(crate) fn new(service: &'static str) -> Self {
        Self {
            access_key_id: "thumbline",
            secret_access_key: "thumbline-local",
            region: "us-east-1",
            service,
            time: SystemTime::now(),
        }
    }

    pub(crate) fn sign(&self, mut request: Request<Bytes>) -> Request<Bytes> {
        request.headers_mut().insert("host", "127.0.0.1:4570".parse().unwrap());
        let identity =
            Credentials::new(self.access_key_id, self.secret_access_key, None, None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.time)
            .settings(SigningSettings::default())
            .build()
            .unwrap();
        let headers: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let uri = format!("http://127.0.0.1:4570{}", request.uri());
        let signable = SignableRequest::new(
            request.method().as_str(),
            uri,
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
            SignableBody::Bytes(request.body()),
        );
        let (instructions, _) = sign(signable.unwrap(), &parameters.into()).unwrap().into_parts();
        instructions.apply_to_request_http1x(&mut request);
        request
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) async fn read(response: Response<Full<Bytes>>) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}
