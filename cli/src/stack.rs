//! What `local` and `demo` have in common: where the parts of the stack are, and a client for its S3.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use thumbline_local::{Endpoints, LogSink, StackOptions};

/// The parts that the stack is made of.
#[derive(clap::Args)]
pub(crate) struct Parts {
    /// The SAM template that the stack is wired from
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    template: PathBuf,
    /// The executable that the layer holds [default: bootstrap, beside this command]
    #[arg(long, value_name = "FILE")]
    bootstrap: Option<PathBuf>,
}

impl Parts {
    /// Options for a stack that keeps its data in this folder, on a free port.
    pub(crate) fn options(&self, data: &Path, logs: LogSink) -> Result<StackOptions> {
        let bootstrap = match &self.bootstrap {
            Some(bootstrap) => bootstrap.clone(),
            None => std::env::current_exe()?.with_file_name("bootstrap"),
        };
        if !bootstrap.is_file() {
            bail!(
                "{} is not there: build it with `cargo build -p thumbline-layer`, or say --bootstrap FILE",
                bootstrap.display()
            );
        }
        if !self.template.is_file() {
            bail!("{} is not there; run this where it is, or say --template FILE", self.template.display());
        }
        let mut options = StackOptions::new(&self.template, data, bootstrap);
        options.logs = logs;
        Ok(options)
    }
}

/// A client for the S3 of a stack.
pub(crate) fn client(endpoints: &Endpoints) -> Client {
    let Endpoints { s3, region, access_key_id, secret_access_key, .. } = endpoints;
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(s3)
        .region(Region::new(region.clone()))
        .credentials_provider(Credentials::new(
            access_key_id,
            secret_access_key,
            None,
            None,
            "the embedded stack",
        ))
        .force_path_style(true);
    Client::from_conf(config.build())
}

/// A length of time such as `500ms`, `2s`, `1m`, `1h` or `7d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 =
        number.parse().map_err(|_| format!("{text:?} is no time such as 500ms, 2s, 1m, 1h or 7d"))?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        "h" => Ok(Duration::from_secs(number.saturating_mul(60 * 60))),
        "d" => Ok(Duration::from_secs(number.saturating_mul(24 * 60 * 60))),
        _ => Err(format!("{text:?} is no time such as 500ms, 2s, 1m, 1h or 7d")),
    }
}
