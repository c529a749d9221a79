//! An answer, and how it is written for whoever delivers it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A response to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Such as 200.
    pub status: StatusCode,
    /// All but those that the gateway sets itself, such as Content-Length.
    pub headers: HeaderMap,
    /// The body; empty where there is none.
    pub body: Bytes,
}

impl Answer {
    /// An answer without a body.
    pub fn new(status: StatusCode) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// An answer with a body of JSON.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Answer {
        // What is written here has string keys and no failing serialisers; an empty object says so if that ever changes.
        let body = serde_json::to_vec(body).unwrap_or_else(|_| b"{}".to_vec());
        Answer::new(status).with_body("application/json", body)
    }

    /// With this body.
    #[must_use]
    pub fn with_body(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = body.into();
        self
    }

    /// With this header, if its value can be one.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Answer {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.append(name, value);
        }
        self
    }

    /// As a function answers: a form that REST APIs, HTTP APIs and function URLs have in common. An answer to HEAD is
    /// written without its body.
    pub fn written(self, method: &Method) -> Value {
        let mut headers = Map::new();
        for name in self.headers.keys() {
            let values = self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            let values: Vec<&str> = values.collect();
            headers.insert(name.as_str().to_owned(), values.join(", ").into());
        }
        let body = if *method == Method::HEAD { Bytes::new() } else { self.body };
        let (text, is_base64) = match str::from_utf8(&body) {
            Ok(text) => (text.to_owned(), false),
            Err(_) => (BASE64_STANDARD.encode(&body), true),
        };
        json!({
            "statusCode": self.status.as_u16(),
            "headers": headers,
            "body": text,
            "isBase64Encoded": is_base64,
        })
    }
}
