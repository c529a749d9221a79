//! The few requests to AWS that are not for S3's objects: a secret at start, the failure queue when somebody looks at it,
//! invocations of other functions, jobs of S3 Batch Operations.
//!
//! Each is a signed request with the signer, the TLS client and the credentials that are there for S3 already. The SDK's
//! crates for SQS, Lambda, Secrets Manager and SSM would say the same with some hundred kilobytes each in a layer that
//! every cold start loads.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::http::Request as HttpRequest;
use aws_smithy_types::body::SdkBody;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use crate::store::S3Store;

/// How long an answer may take. SQS and Secrets Manager answer in milliseconds.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A service besides S3's objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// AWS Lambda.
    Lambda,
    /// Amazon S3's control plane, where jobs of Batch Operations are.
    S3Control,
    /// Amazon SQS.
    Queue,
    /// AWS Secrets Manager.
    SecretsManager,
    /// AWS Systems Manager.
    ParameterStore,
}

impl Service {
    /// Its name in host names.
    fn host(self) -> &'static str {
        match self {
            Service::Lambda => "lambda",
            Service::S3Control => "s3-control",
            Service::Queue => "sqs",
            Service::SecretsManager => "secretsmanager",
            Service::ParameterStore => "ssm",
        }
    }

    /// Its name in signatures.
    fn signing_name(self) -> &'static str {
        match self {
            Service::S3Control => "s3",
            Service::Lambda | Service::Queue | Service::SecretsManager | Service::ParameterStore => {
                self.host()
            }
        }
    }

    /// What `X-Amz-Target` begins with, and the version of AWS's JSON protocol, for the services that speak it.
    fn json_protocol(self) -> Option<(&'static str, &'static str)> {
        match self {
            Service::Lambda | Service::S3Control => None,
            Service::Queue => Some(("AmazonSQS", "1.0")),
            Service::SecretsManager => Some(("secretsmanager", "1.1")),
            Service::ParameterStore => Some(("AmazonSSM", "1.1")),
        }
    }
}

/// A request of a service that has paths of its own.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Whom it is for.
    pub service: Service,
    /// For errors, such as `Invoke`.
    pub operation: &'static str,
    /// What stands before the service in the host's name on AWS, such as an account's number and a dot.
    pub host_prefix: String,
    /// The method.
    pub method: Method,
    /// The path, encoded, with the query.
    pub target: String,
    /// Headers besides those of the signature.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How long the answer may take.
    pub timeout: Duration,
}

impl Ask {
    /// A POST without headers, which is answered in milliseconds.
    pub fn post(service: Service, operation: &'static str, target: impl Into<String>, body: Vec<u8>) -> Ask {
        Ask {
            service,
            operation,
            host_prefix: String::new(),
            method: Method::POST,
            target: target.into(),
            headers: Vec::new(),
            body,
            timeout: TIMEOUT,
        }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Ask {
        self.headers.push((name, value.into()));
        self
    }

    fn failed(&self, detail: String) -> AwsError {
        AwsError::Failed { operation: self.operation, detail }
    }
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value, if it is there and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Why a request did not work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    /// The service answered with an error.
    #[error("{operation}: {status} {code}: {message}")]
    Refused {
        /// Such as `ReceiveMessage`.
        operation: &'static str,
        /// The status of the answer.
        status: u16,
        /// Such as `AccessDeniedException`.
        code: String,
        /// In words.
        message: String,
    },
    /// There was no answer, or the request could not be made.
    #[error("{operation}: {detail}")]
    Failed {
        /// Such as `ReceiveMessage`.
        operation: &'static str,
        /// Why.
        detail: String,
    },
}

impl AwsError {
    /// Whether the same request may work later: there was no answer, or the service was busy or broken.
    pub fn may_pass(&self) -> bool {
        match self {
            AwsError::Refused { status, code, .. } => {
                *status == 429 || *status >= 500 || code.contains("Throttl") || code == "SlowDown"
            }
            AwsError::Failed { .. } => true,
        }
    }
}

/// AWS, as the environment describes it: region, credentials, endpoint.
#[derive(Clone, Debug)]
pub struct Aws {
    config: SdkConfig,
    connector: SharedHttpConnector,
}

impl Aws {
    /// From the environment: credentials, region and endpoint as AWS's SDKs find them, `AWS_ENDPOINT_URL` included.
    pub async fn from_environment() -> Aws {
        Aws::new(crate::store::configuration().await)
    }

    /// From a configuration made elsewhere.
    pub fn new(config: SdkConfig) -> Aws {
        let connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build();
        Aws { config, connector: SharedHttpConnector::new(connector) }
    }

    /// S3, with the same region, credentials and endpoint.
    pub fn s3(&self) -> S3Store {
        S3Store::new(&self.config)
    }

    /// Sends a request of AWS's JSON protocol, and gives the JSON of its answer.
    ///
    /// # Errors
    /// [`AwsError`]
    pub async fn call(
        &self,
        service: Service,
        operation: &'static str,
        ask: Value,
    ) -> Result<Value, AwsError> {
        let ask = Ask::post(service, operation, "/", ask.to_string().into_bytes());
        let Some((target, version)) = service.json_protocol() else {
            return Err(ask.failed(format!("{service:?} does not speak AWS's JSON protocol")));
        };
        let ask = ask
            .header("content-type", format!("application/x-amz-json-{version}"))
            .header("x-amz-target", format!("{target}.{operation}"));
        let answer = self.send(ask).await?;
        Ok(serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    /// Sends a request, and gives the answer if it says that it worked.
    ///
    /// # Errors
    /// [`AwsError`]
    pub async fn send(&self, ask: Ask) -> Result<Answer, AwsError> {
        let answer = tokio::time::timeout(ask.timeout, self.exchange(&ask)).await;
        let answer = answer.map_err(|_| ask.failed(format!("no answer within {:?}", ask.timeout)))?;
        let answer = answer.map_err(|detail| ask.failed(detail))?;
        if answer.status.is_success() { Ok(answer) } else { Err(refused(ask.operation, &answer)) }
    }

    async fn exchange(&self, ask: &Ask) -> Result<Answer, String> {
        let mut request = self.request(ask)?;
        self.sign(ask.service, &mut request).await?;
        let request = HttpRequest::try_from(request.map(SdkBody::from)).map_err(|error| chain(&error))?;
        let answer = self.connector.call(request).await.map_err(|error| chain(&error))?;
        let status = StatusCode::from_u16(answer.status().as_u16()).map_err(|error| chain(&error))?;
        let answer = answer.try_into_http1x().map_err(|error| chain(&error))?;
        let headers = answer.headers().clone();
        let collected = aws_sdk_s3::primitives::ByteStream::new(answer.into_body()).collect().await;
        let body = collected.map_err(|error| chain(&error))?.to_vec();
        Ok(Answer { status, headers, body })
    }

    fn request(&self, ask: &Ask) -> Result<http::Request<Vec<u8>>, String> {
        let url = self.endpoint(ask)?;
        let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let host = host.split('/').next().unwrap_or_default();
        let url = format!("{}{}", url.trim_end_matches('/'), ask.target);
        let mut request = http::Request::builder().method(ask.method.clone()).uri(url).header("host", host);
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        request.body(ask.body.clone()).map_err(|error| error.to_string())
    }

    /// <https://docs.aws.amazon.com/general/latest/gr/rande.html>
    fn endpoint(&self, ask: &Ask) -> Result<String, String> {
        if let Some(url) = self.config.endpoint_url() {
            return Ok(url.to_owned());
        }
        let region = self.region()?;
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        Ok(format!("https://{}{}.{region}.{suffix}", ask.host_prefix, ask.service.host()))
    }

    /// The region that requests go to.
    ///
    /// # Errors
    /// What to do where none is set.
    pub fn region(&self) -> Result<&str, String> {
        self.config.region().map(AsRef::as_ref).ok_or_else(|| "no region is set: set AWS_REGION".to_owned())
    }

    async fn sign(&self, service: Service, request: &mut http::Request<Vec<u8>>) -> Result<(), String> {
        let provider = self.config.credentials_provider().ok_or("there are no credentials")?;
        let identity = provider.provide_credentials().await.map_err(|error| chain(&error))?.into();
        let mut settings = SigningSettings::default();
        if service == Service::S3Control {
            // S3 alone wants the body's checksum in a header.
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region()?)
            .name(service.signing_name())
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(|error| chain(&error))?
            .into();
        let headers =
            request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signable = SignableRequest::new(
            request.method().as_str(),
            request.uri().to_string(),
            headers,
            SignableBody::Bytes(request.body()),
        );
        let signed =
            sign(signable.map_err(|error| chain(&error))?, &parameters).map_err(|error| chain(&error))?;
        signed.into_parts().0.apply_to_request_http1x(request);
        Ok(())
    }
}

/// What a service says against a request: in JSON, with the code there or in a header, or in XML.
fn refused(operation: &'static str, answer: &Answer) -> AwsError {
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let xml = std::str::from_utf8(&answer.body).unwrap_or_default();
    let text = |names: [&str; 2]| names.iter().find_map(|name| json.get(*name)).and_then(Value::as_str);
    let code = text(["__type", "code"]).or_else(|| answer.header("x-amzn-errortype"));
    let code = code.or_else(|| between(xml, "<Code>", "</Code>")).unwrap_or_default();
    // Before a `#` is the name space of the service's model, behind a `:` the address of a schema.
    let code = code.rsplit('#').next().and_then(|code| code.split(':').next()).unwrap_or_default();
    let message = text(["message", "Message"]).or_else(|| between(xml, "<Message>", "</Message>"));
    AwsError::Refused {
        operation,
        status: answer.status.as_u16(),
        code: code.to_owned(),
        message: message.unwrap_or_default().to_owned(),
    }
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(begin)?;
    rest.split_once(end).map(|(inside, _)| inside)
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(headers: &[(&'static str, &str)], body: &str) -> String {
        let mut answer =
            Answer { status: StatusCode::BAD_REQUEST, headers: HeaderMap::new(), body: body.into() };
        answer.headers.extend(headers.iter().map(|(name, value)| {
            (http::HeaderName::from_static(name), http::HeaderValue::from_str(value).unwrap())
        }));
        refused("Do", &answer).to_string()
    }

    #[test]
    fn what_a_service_says_against_a_request_is_found_in_each_of_their_protocols() {
        let queue = r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no queue"}"#;
        assert_eq!(told(&[], queue), "Do: 400 QueueDoesNotExist: no queue");
        let header = ("x-amzn-errortype", "ResourceNotFoundException:http://internal.amazon.com/");
        let lambda = r#"{"Type":"User","Message":"no function"}"#;
        assert_eq!(told(&[header], lambda), "Do: 400 ResourceNotFoundException: no function");
        let s3 =
            "<ErrorResponse><Error><Code>InvalidRequest</Code><Message>no</Message></Error></ErrorResponse>";
        assert_eq!(told(&[], s3), "Do: 400 InvalidRequest: no");
        assert_eq!(told(&[], "<html>"), "Do: 400 : ");
    }

    #[test]
    fn what_is_busy_may_pass_and_what_is_wrong_may_not() {
        let refused = |status, code: &str| {
            let (code, message) = (code.to_owned(), String::new());
            AwsError::Refused { operation: "Do", status, code, message }.may_pass()
        };
        assert!(refused(429, "TooManyRequestsException") && refused(503, ""));
        assert!(refused(400, "ThrottlingException"));
        assert!(!refused(404, "ResourceNotFoundException") && !refused(403, "AccessDenied"));
    }
}
