//! A stack of the fixture's template, with a function that copies.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use tempfile::TempDir;
use thumbline_local::{LogSink, Stack, StackOptions};

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The example `copy`, which `cargo test` builds beside the tests.
pub(crate) fn bootstrap() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let bootstrap = tests.parent().and_then(Path::parent).unwrap().join("examples/copy");
    assert!(bootstrap.exists(), "{} is missing: cargo build --example copy", bootstrap.display());
    bootstrap
}

pub(crate) fn options(data: &TempDir) -> StackOptions {
    let mut options = StackOptions::new(fixtures().join("template.yaml"), data.path(), bootstrap());
    options.retry_delays = Some(vec![Duration::from_millis(1); 2]);
    options.logs = LogSink::new(|_| ());
    options
}

pub(crate) fn client(stack: &Stack) -> Client {
    let endpoints = stack.endpoints();
    let (key, secret) = (&endpoints.access_key_id, &endpoints.secret_access_key);
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(&endpoints.s3)
        .region(Region::new(endpoints.region.clone()))
        .credentials_provider(Credentials::new(key, secret, None, None, "test"))
        .force_path_style(true)
        .build();
    Client::from_conf(config)
}

pub(crate) async fn put(client: &Client, stack: &Stack, key: &str, text: &str) {
    let body = text.as_bytes().to_vec().into();
    client.put_object().bucket(&stack.endpoints().input_bucket).key(key).body(body).send().await.unwrap();
}

/// The text of the copy; `None` if there is none.
pub(crate) async fn copy_of(client: &Client, stack: &Stack, key: &str) -> Option<String> {
    let object = client.get_object().bucket(&stack.endpoints().output_bucket).key(key).send().await;
    match object {
        Ok(object) => Some(String::from_utf8(object.body.collect().await.unwrap().to_vec()).unwrap()),
        Err(error) => {
            assert!(error.into_service_error().is_no_such_key());
            None
        }
    }
}

/// Waits until everything is done, but not for ever.
pub(crate) async fn idle(stack: &Stack) {
    tokio::time::timeout(Duration::from_secs(60), stack.idle()).await.expect("the stack never gets idle");
}
