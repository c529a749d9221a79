//! Lambda over HTTP: what `aws lambda invoke`, `list-functions` and the SDKs need of API version 2015-03-31.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::account::function_name;
use crate::clock;
use crate::function::{FunctionConfig, LATEST};
use crate::invocation::{Attempt, Invocation};
use crate::lambda::{InvokeError, Lambda, MAX_ASYNCHRONOUS_BYTES, check_size};
use crate::signature;

/// What every path of the API begins with.
const PREFIX: &str = "/2015-03-31/functions";

type Answer = Response<Full<Bytes>>;

impl Lambda {
    /// Whether the request is for Lambda: by the service that it is signed for, since a bucket may have the name with
    /// which Lambda's paths begin, or by its path if it is not signed.
    pub fn claims<B>(request: &Request<B>) -> bool {
        match signature::service(request.headers()) {
            Some(service) => service == "lambda",
            None => segments(request.uri().path()).is_some(),
        }
    }

    /// Answers one request of the Lambda API.
    pub async fn handle(&self, request: Request<Bytes>) -> Answer {
        let (parts, body) = request.into_parts();
        if let Err(refusal) = signature::verify(&self.service.surroundings.account, "lambda", &parts, &body) {
            return fail(refusal.status(), refusal.code(), &refusal.to_string());
        }
        let segments = segments(parts.uri.path());
        let segments: Option<Vec<_>> =
            segments.as_ref().map(|segments| segments.iter().map(String::as_str).collect());
        let answer = match (&parts.method, segments.as_deref()) {
            (&Method::GET, Some([])) => Ok(self.list()),
            (&Method::GET, Some([name])) => self.named(name, &parts).map(|function| {
                let code = json!({ "RepositoryType": "Local", "Location": function.bootstrap });
                answer(StatusCode::OK, &json!({ "Configuration": self.describe(function), "Code": code }))
            }),
            (&Method::GET, Some([name, "configuration"])) => {
                self.named(name, &parts).map(|function| answer(StatusCode::OK, &self.describe(function)))
            }
            (&Method::POST, Some([name, "invocations"])) => self.invoke_by(name, &parts, body).await,
            _ => {
                let message =
                    format!("the local stack's Lambda has no {} {}", parts.method, parts.uri.path());
                return fail(StatusCode::NOT_FOUND, "UnknownOperationException", &message);
            }
        };
        answer.unwrap_or_else(|error| refuse(&error))
    }

    fn list(&self) -> Answer {
        let functions: Vec<_> = self.functions().map(|function| self.describe(function)).collect();
        answer(StatusCode::OK, &json!({ "Functions": functions }))
    }

    /// The function that a path names by name or ARN, in the only version there is, or by its alias.
    fn named(&self, reference: &str, parts: &Parts) -> Result<&FunctionConfig, InvokeError> {
        let qualifier = parts.uri.query().unwrap_or_default().split('&').find_map(|pair| {
            pair.strip_prefix("Qualifier=").map(|value| percent_decode_str(value).decode_utf8_lossy())
        });
        let (name, of_name) = function_name(reference);
        let function = self.fleet(name)?.function.as_ref();
        let is_known = |qualifier: &str| qualifier == LATEST || function.alias.as_deref() == Some(qualifier);
        if [of_name, qualifier.as_deref()].into_iter().flatten().all(is_known) {
            Ok(function)
        } else {
            Err(InvokeError::UnknownFunction(reference.to_owned()))
        }
    }

    async fn invoke_by(&self, reference: &str, parts: &Parts, body: Bytes) -> Result<Answer, InvokeError> {
        let function = self.named(reference, parts)?.name.clone();
        // No payload is an empty object, as on Lambda.
        let payload = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
        let header = |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        match header("x-amz-invocation-type") {
            None | Some("RequestResponse") => {
                let mut invocation = Invocation::new(payload);
                invocation.client_context = header("x-amz-client-context")
                    .and_then(|context| String::from_utf8(STANDARD.decode(context).ok()?).ok());
                let request_id = invocation.request_id.clone();
                let attempt = self.run(&function, invocation).await?;
                Ok(respond(attempt, &request_id, header("x-amz-log-type") == Some("Tail")))
            }
            Some("Event") => {
                check_size(payload.len(), MAX_ASYNCHRONOUS_BYTES)?;
                // Checked here as bytes: what is not UTF-8 is not JSON either.
                let payload: &RawValue = serde_json::from_slice(&payload).map_err(InvokeError::NotJson)?;
                let request_id = self.enqueue(&function, payload.get()).await?;
                Ok(with(empty(StatusCode::ACCEPTED), "x-amzn-requestid", &request_id))
            }
            Some("DryRun") => Ok(empty(StatusCode::NO_CONTENT)),
            Some(other) => Ok(fail(
                StatusCode::BAD_REQUEST,
                "InvalidParameterValueException",
                &format!("X-Amz-Invocation-Type is {other}; it must be RequestResponse, Event or DryRun"),
            )),
        }
    }

    fn describe(&self, function: &FunctionConfig) -> Value {
        json!({
            "FunctionName": function.name,
            "FunctionArn": self.service.surroundings.account.function_arn(&function.name),
            "Runtime": "provided.al2023",
            "Role": format!("arn:aws:iam::{}:role/{}", self.service.surroundings.account.id, function.name),
            "Handler": function.handler,
            "CodeSize": std::fs::metadata(&function.bootstrap).map_or(0, |file| file.len()),
            "Description": "",
            "Timeout": function.timeout.as_secs(),
            "MemorySize": function.memory_mb,
            "LastModified": clock::iso(0),
            "Version": LATEST,
            "Environment": { "Variables": function.environment },
            "PackageType": "Zip",
            "State": "Active",
            "LastUpdateStatus": "Successful",
        })
    }
}

/// The decoded parts of a path behind the API's prefix, if it has that.
fn segments(path: &str) -> Option<Vec<String>> {
    let rest = path.strip_prefix(PREFIX)?;
    let decode = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    (rest.is_empty() || rest.starts_with('/'))
        .then(|| rest.split('/').filter(|segment| !segment.is_empty()).map(decode).collect())
}

fn respond(attempt: Attempt, request_id: &str, with_log: bool) -> Answer {
    let (body, failed) = match attempt.outcome {
        Ok(response) => (response, false),
        Err(error) => (Bytes::from(error.document), true),
    };
    let mut response = Response::new(Full::new(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response = with(response, "x-amzn-requestid", request_id);
    response = with(response, "x-amz-executed-version", LATEST);
    if failed {
        response = with(response, "x-amz-function-error", "Unhandled");
    }
    if with_log {
        response = with(response, "x-amz-log-result", &STANDARD.encode(attempt.log_tail));
    }
    response
}

fn refuse(error: &InvokeError) -> Answer {
    let (status, kind) = match error {
        InvokeError::UnknownFunction(_) => (StatusCode::NOT_FOUND, "ResourceNotFoundException"),
        InvokeError::NotJson(_) => (StatusCode::BAD_REQUEST, "InvalidRequestContentException"),
        InvokeError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException"),
        InvokeError::Throttled => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException"),
        InvokeError::Store(source) => {
            tracing::error!(%source, "an invocation could not be accepted");
            (StatusCode::INTERNAL_SERVER_ERROR, "ServiceException")
        }
    };
    fail(status, kind, &error.to_string())
}

/// An error in the REST-JSON protocol: its name is in a header. Clients look for the message under either spelling.
fn fail(status: StatusCode, kind: &str, message: &str) -> Answer {
    let fault = if status.is_server_error() { "Service" } else { "User" };
    let mut body = json!({ "Type": fault, "Message": message, "message": message });
    if status == StatusCode::TOO_MANY_REQUESTS {
        body["Reason"] = "ReservedFunctionConcurrentInvocationLimitExceeded".into();
    }
    with(answer(status, &body), "x-amzn-errortype", kind)
}

fn answer(status: StatusCode, body: &Value) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    with(response, "x-amzn-requestid", &crate::invocation::new_request_id())
}

fn empty(status: StatusCode) -> Answer {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn with(mut response: Answer, name: &'static str, value: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    response
}
