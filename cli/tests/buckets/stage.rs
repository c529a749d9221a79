//! An embedded S3 with two buckets, and the command with its credentials.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::net::Ipv4Addr;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use image::{ImageFormat, Rgb, RgbImage};
use redb::Database;
use serde_json::Value;
use tempfile::TempDir;
use thumbline::settings::Sources;
use thumbline::{Pipeline, S3Store, Settings};
use thumbline_local_s3::{S3, S3Options};
use tokio::net::TcpListener;

pub(crate) const INPUT: &str = "pictures";
pub(crate) const OUTPUT: &str = "thumbs";
pub(crate) const PRESETS: &str = "small=8x8:cover:webp wide=12x:png";
/// What a picture has, by [`PRESETS`].
pub(crate) const NAMES: [&str; 3] = ["manifest.json", "small.webp", "wide.png"];

/// Operations that move bytes of objects, or change something.
const WRITES: [&str; 4] = ["PutObject", "DeleteObject", "DeleteObjects", "CopyObject"];

/// What a command has come to.
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The lines of standard output, as JSON.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The last line of standard output, as JSON.
    pub(crate) fn json(&self) -> Value {
        self.lines().pop().unwrap_or_else(|| panic!("nothing was printed: {}", self.stderr))
    }
}

pub(crate) struct Stage {
    pub(crate) s3: S3,
    pub(crate) client: Client,
    url: String,
    folder: TempDir,
}

impl Stage {
    pub(crate) async fn start() -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let s3 = S3::open(S3Options {
            database: Arc::new(Database::create(folder.path().join("index.redb")).unwrap()),
            blobs: folder.path().join("blobs"),
            credentials: thumbline_local_s3::Credentials {
                access_key_id: "thumbline".into(),
                secret_access_key: "secret".into(),
            },
            region: "us-east-1".into(),
            rules: Vec::new(),
            cors: BTreeMap::new(),
            sink: None,
        })
        .unwrap();
        s3.create_bucket(INPUT).await.unwrap();
        s3.create_bucket(OUTPUT).await.unwrap();
        let url = serve(&s3).await;
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(&url)
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("thumbline", "secret", None, None, "the test"))
            .force_path_style(true);
        Stage { client: Client::from_conf(config.build()), s3, url, folder }
    }

    /// What a function has, told what this command is told.
    pub(crate) fn pipeline(&self) -> Pipeline<S3Store> {
        let credentials = Credentials::new("thumbline", "secret", None, None, "the test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(&self.url)
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let variables = [
            ("THUMBLINE_INPUT_BUCKET", INPUT),
            ("THUMBLINE_OUTPUT_BUCKET", OUTPUT),
            ("THUMBLINE_PRESETS", PRESETS),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = Settings::load(&Sources::new(None, variables)).unwrap();
        Pipeline::new(settings, S3Store::new(&config)).unlogged()
    }

    /// A file that is gone with the stage.
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// The command with its buckets, not started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thumbline"));
        let set = std::env::vars_os().map(|(name, _)| name);
        for name in
            set.filter(|name| ["THUMBLINE_", "AWS_"].iter().any(|p| name.to_string_lossy().starts_with(p)))
        {
            command.env_remove(name);
        }
        command
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "thumbline")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("THUMBLINE_PRESETS", PRESETS)
            .current_dir(self.folder.path())
            .args(arguments)
            .args(["--input", INPUT, "--output", OUTPUT]);
        command
    }

    /// Runs the command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.stdin(Stdio::null()).output().unwrap());
        let output = output.await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    pub(crate) async fn put(&self, key: &str, body: impl Into<Vec<u8>>) {
        self.put_into(INPUT, key, body).await;
    }

    pub(crate) async fn put_into(&self, bucket: &str, key: &str, body: impl Into<Vec<u8>>) {
        let put = self.client.put_object().bucket(bucket).key(key).body(body.into().into());
        put.send().await.unwrap_or_else(|error| panic!("putting {key:?}: {error:?}"));
    }

    pub(crate) async fn remove(&self, bucket: &str, key: &str) {
        self.client.delete_object().bucket(bucket).key(key).send().await.unwrap();
    }

    /// The keys of a bucket with their ETags.
    pub(crate) async fn listed(&self, bucket: &str) -> BTreeMap<String, String> {
        let mut pages = self.client.list_objects_v2().bucket(bucket).into_paginator().send();
        let mut listed = BTreeMap::new();
        while let Some(page) = pages.next().await {
            for object in page.unwrap().contents() {
                listed.insert(object.key().unwrap().to_owned(), object.e_tag().unwrap().to_owned());
            }
        }
        listed
    }

    /// How often S3 was asked to change something.
    pub(crate) fn writes(&self) -> u64 {
        WRITES.iter().map(|operation| self.s3.requests().count(operation)).sum()
    }
}

async fn serve(s3: &S3) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = s3.service();
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            let service = service.clone();
            tokio::spawn(async move {
                let connection = TokioIo::new(connection);
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(connection, service).await;
            });
        }
    });
    format!("http://{address}")
}

/// A small picture, another for each number.
pub(crate) fn picture(number: u32) -> Vec<u8> {
    let [_, red, green, blue] = number.wrapping_mul(2_654_435_761).to_be_bytes();
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(16, 12, Rgb([red, green, blue])).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// The same, of as many pixels as a small photograph.
pub(crate) fn larger_picture(number: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let shade = |x: u32, y: u32| Rgb([x, y, x ^ y ^ number].map(|value| value.to_le_bytes()[0]));
    RgbImage::from_fn(640, 480, shade).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// All outputs of sources with these keys, none of which is long or begins with `~`.
pub(crate) fn outputs<'a>(keys: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    keys.into_iter().flat_map(|key| NAMES.map(|name| format!("{key}/{name}"))).collect()
}
