//! A stack of its own for each test, in a temporary folder and on a free port.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use thumbline::settings::Sources;
use thumbline::{Manifest, Pipeline, S3Store, Settings};
use thumbline_local::{Endpoints, LogSink, Stack, StackOptions};

pub struct TestStack {
    pub stack: Stack,
    pub s3: Client,
    _data: TempDir,
}

pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub fn sample(file: &str) -> Vec<u8> {
    let path = project().join("samples/pictures").join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl TestStack {
    pub async fn start() -> TestStack {
        Self::with(|_| ()).await
    }

    pub async fn with(change: impl FnOnce(&mut StackOptions)) -> TestStack {
        let data = tempfile::tempdir().unwrap();
        let template = project().join("template.yaml");
        let bootstrap = env!("CARGO_BIN_EXE_bootstrap");
        let mut options = StackOptions::new(template, data.path(), bootstrap);
        options.concurrency = 2;
        options.retry_delays = Some(vec![Duration::from_millis(10); 2]);
        options.logs = LogSink::new(|line| println!("{}", line.text));
        change(&mut options);
        let stack = Stack::start(options).await.unwrap();
        let s3 = client(stack.endpoints());
        TestStack { stack, s3, _data: data }
    }

    pub async fn upload(&self, key: &str, body: Vec<u8>) {
        let bucket = &self.stack.endpoints().input_bucket;
        self.s3.put_object().bucket(bucket).key(key).body(body.into()).send().await.unwrap();
    }

    pub async fn remove(&self, key: &str) {
        let bucket = &self.stack.endpoints().input_bucket;
        self.s3.delete_object().bucket(bucket).key(key).send().await.unwrap();
    }

    /// The keys in the output bucket, in order.
    pub async fn outputs(&self) -> Vec<String> {
        let bucket = &self.stack.endpoints().output_bucket;
        let listed = self.s3.list_objects_v2().bucket(bucket).send().await.unwrap();
        listed.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
    }

    pub async fn output(&self, key: &str) -> Vec<u8> {
        let bucket = &self.stack.endpoints().output_bucket;
        let object = self.s3.get_object().bucket(bucket).key(key).send().await.unwrap();
        object.body.collect().await.unwrap().to_vec()
    }

    pub async fn manifest(&self, source_key: &str) -> Manifest {
        Manifest::parse(&self.output(&format!("{source_key}/manifest.json")).await).unwrap()
    }

    /// Invokes the function now: its answer, or the error document.
    pub async fn invoke(&self, event: &Value) -> Result<Value, Value> {
        let name = self.function_name();
        let attempt = self.stack.lambda().invoke(&name, event.to_string().into()).await.unwrap();
        match attempt.outcome {
            Ok(answer) => Ok(serde_json::from_slice(&answer).unwrap()),
            Err(error) => Err(serde_json::from_str(&error.document).unwrap()),
        }
    }

    /// Asks the API's function, as API Gateway does that has checked a key. `body` is its media type and its bytes.
    pub async fn api(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        body: Option<(&str, &[u8])>,
    ) -> Value {
        let mut event: Value =
            serde_json::from_str(include_str!("../../../functions/api/tests/http/events/rest.json")).unwrap();
        event["httpMethod"] = method.into();
        event["path"] = path.into();
        event["pathParameters"]["proxy"] = path.trim_start_matches('/').into();
        event["requestContext"]["path"] = format!("/v1{path}").into();
        event["requestContext"]["identity"]["apiKey"] = "checked".into();
        event["multiValueQueryStringParameters"] =
            query.iter().map(|(n, v)| ((*n).to_owned(), json!([v]))).collect();
        if let Some((content_type, bytes)) = body {
            event["multiValueHeaders"]["Content-Type"] = json!([content_type]);
            event["body"] = BASE64_STANDARD.encode(bytes).into();
            event["isBase64Encoded"] = true.into();
        }
        let attempt = self.stack.lambda().invoke("thumbline-api", event.to_string().into()).await.unwrap();
        let answer = attempt.outcome.unwrap_or_else(|error| panic!("{}", error.document));
        serde_json::from_slice(&answer).unwrap()
    }

    pub fn function_name(&self) -> String {
        let mut functions = self.stack.lambda().functions();
        functions.find(|function| function.handler == "resize").unwrap().name.clone()
    }

    /// The pipeline of a function's settings, in this process.
    pub fn pipeline(&self) -> Pipeline<S3Store> {
        let Endpoints { input_bucket, output_bucket, .. } = self.stack.endpoints();
        let buckets = [("THUMBLINE_INPUT_BUCKET", input_bucket), ("THUMBLINE_OUTPUT_BUCKET", output_bucket)];
        let variables = buckets.map(|(name, bucket)| (name.to_owned(), bucket.clone()));
        let settings = Settings::load(&Sources::new(None, variables)).unwrap();
        let Endpoints { s3, region, access_key_id, secret_access_key, .. } = self.stack.endpoints();
        let credentials =
            aws_credential_types::Credentials::new(access_key_id, secret_access_key, None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(s3)
            .region(Region::new(region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        Pipeline::new(settings, S3Store::new(&config))
    }
}

pub fn client(endpoints: &Endpoints) -> Client {
    let Endpoints { s3, region, access_key_id, secret_access_key, .. } = endpoints;
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(s3)
        .region(Region::new(region.clone()))
        .credentials_provider(Credentials::new(access_key_id, secret_access_key, None, None, "test"))
        .force_path_style(true);
    Client::from_conf(config.build())
}
