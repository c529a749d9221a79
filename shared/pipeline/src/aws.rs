//! The few requests to AWS that are not for S3: a secret at start, and the failure queue when somebody looks at it.
//!
//! Each is a signed POST of JSON, with the signer, the TLS client and the credentials that are there for S3 already. The
//! SDK's crates for SQS, Secrets Manager and SSM would say the same with some hundred kilobytes each in a layer that every
//! cold start loads.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::http::Request as HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

use crate::store::S3Store;

/// How long an answer may take. SQS and Secrets Manager answer in milliseconds.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A service that speaks AWS's JSON protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Amazon SQS.
    Queue,
    /// AWS Secrets Manager.
    SecretsManager,
    /// AWS Systems Manager.
    ParameterStore,
}

impl Service {
    /// Its name in host names and signatures.
    fn name(self) -> &'static str {
        match self {
            Service::Queue => "sqs",
            Service::SecretsManager => "secretsmanager",
            Service::ParameterStore => "ssm",
        }
    }

    /// What `X-Amz-Target` begins with, and the version of the protocol.
    fn protocol(self) -> (&'static str, &'static str) {
        match self {
            Service::Queue => ("AmazonSQS", "1.0"),
            Service::SecretsManager => ("secretsmanager", "1.1"),
            Service::ParameterStore => ("AmazonSSM", "1.1"),
        }
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

    /// Sends one request, and gives the JSON of its answer.
    ///
    /// # Errors
    /// [`AwsError`]
    pub async fn call(
        &self,
        service: Service,
        operation: &'static str,
        ask: Value,
    ) -> Result<Value, AwsError> {
        let failed = |detail: String| AwsError::Failed { operation, detail };
        let answer = tokio::time::timeout(TIMEOUT, self.send(service, operation, ask));
        let (status, body) =
            answer.await.map_err(|_| failed(format!("no answer within {TIMEOUT:?}")))?.map_err(failed)?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let text = |names: [&str; 2]| {
            let found = names.iter().find_map(|name| answer.get(*name)).and_then(Value::as_str);
            found.unwrap_or_default().to_owned()
        };
        // Before a `#` is the name space of the service's model.
        let code = text(["__type", "code"]).rsplit('#').next().unwrap_or_default().to_owned();
        Err(AwsError::Refused { operation, status, code, message: text(["message", "Message"]) })
    }

    async fn send(
        &self,
        service: Service,
        operation: &'static str,
        ask: Value,
    ) -> Result<(u16, Vec<u8>), String> {
        let body = ask.to_string();
        let mut request = self.request(service, operation, &body)?;
        self.sign(service, &mut request, &body).await?;
        let request = HttpRequest::try_from(request.map(SdkBody::from)).map_err(|error| chain(&error))?;
        let answer = self.connector.call(request).await.map_err(|error| chain(&error))?;
        let status = answer.status().as_u16();
        let collected = aws_sdk_s3::primitives::ByteStream::new(answer.into_body()).collect().await;
        Ok((status, collected.map_err(|error| chain(&error))?.to_vec()))
    }

    fn request(
        &self,
        service: Service,
        operation: &str,
        body: &str,
    ) -> Result<http::Request<String>, String> {
        let (target, version) = service.protocol();
        let url = self.endpoint(service)?;
        let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let host = host.split('/').next().unwrap_or_default();
        http::Request::post(format!("{}/", url.trim_end_matches('/')))
            .header("host", host)
            .header("content-type", format!("application/x-amz-json-{version}"))
            .header("x-amz-target", format!("{target}.{operation}"))
            .body(body.to_owned())
            .map_err(|error| error.to_string())
    }

    /// <https://docs.aws.amazon.com/general/latest/gr/rande.html>
    fn endpoint(&self, service: Service) -> Result<String, String> {
        if let Some(url) = self.config.endpoint_url() {
            return Ok(url.to_owned());
        }
        let region = self.region()?;
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        Ok(format!("https://{}.{region}.{suffix}", service.name()))
    }

    fn region(&self) -> Result<&str, String> {
        self.config.region().map(AsRef::as_ref).ok_or_else(|| "no region is set: set AWS_REGION".to_owned())
    }

    async fn sign(
        &self,
        service: Service,
        request: &mut http::Request<String>,
        body: &str,
    ) -> Result<(), String> {
        let provider = self.config.credentials_provider().ok_or("there are no credentials")?;
        let identity = provider.provide_credentials().await.map_err(|error| chain(&error))?.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region()?)
            .name(service.name())
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| chain(&error))?
            .into();
        let headers =
            request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signable = SignableRequest::new(
            "POST",
            request.uri().to_string(),
            headers,
            SignableBody::Bytes(body.as_bytes()),
        );
        let signed =
            sign(signable.map_err(|error| chain(&error))?, &parameters).map_err(|error| chain(&error))?;
        signed.into_parts().0.apply_to_request_http1x(request);
        Ok(())
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
