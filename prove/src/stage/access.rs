//! How to reach an embedded S3: its address and the only credentials that it takes.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use thumbline_local::Endpoints;

/// The region of every embedded S3.
pub(crate) const REGION: &str = "us-east-1";

/// An address, and credentials for it.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) url: String,
    /// The access key's two halves.
    pub(crate) key_id: String,
    pub(crate) secret: String,
}

impl Access {
    /// To a stack's services.
    pub(crate) fn to(endpoints: &Endpoints) -> Access {
        let Endpoints { s3, access_key_id, secret_access_key, .. } = endpoints.clone();
        Access { url: s3, key_id: access_key_id, secret: secret_access_key }
    }

    /// The same by way of another address.
    pub(crate) fn through(&self, url: &str) -> Access {
        Access { url: url.to_owned(), ..self.clone() }
    }

    /// What AWS's SDKs are made of. They try three times, as they do by default, but do not wait for a second before they do.
    pub(crate) fn config(&self, read_timeout: Duration) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(&self.url)
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(self.credentials()))
            .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(10)))
            .timeout_config(TimeoutConfig::builder().read_timeout(read_timeout).build())
            .build()
    }

    /// A client for what people do themselves: put, look at, remove.
    pub(crate) fn client(&self) -> Client {
        let config = aws_sdk_s3::config::Builder::from(&self.config(Duration::from_secs(60)));
        Client::from_conf(config.force_path_style(true).build())
    }

    /// The variables by which a command finds it.
    pub(crate) fn variables(&self) -> [(&'static str, &str); 5] {
        [
            ("AWS_ENDPOINT_URL", &self.url),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", &self.key_id),
            ("AWS_SECRET_ACCESS_KEY", &self.secret),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
    }

    fn credentials(&self) -> Credentials {
        Credentials::new(&self.key_id, &self.secret, None, None, "prove")
    }
}
