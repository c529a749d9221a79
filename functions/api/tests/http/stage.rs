//! The API over an embedded S3 of its own, asked by the events that AWS sends.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::Client;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use percent_encoding::percent_decode_str;
use redb::Database;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use thumbline::settings::Sources;
use thumbline::{Aws, Call, Settings};
use thumbline_api::api::Api;
use thumbline_local_s3::{S3, S3Options};
use tokio::net::TcpListener;

pub const INPUT: &str = "pictures";
pub const OUTPUT: &str = "thumbs";
pub const PRESETS: &str = "small=40x40:cover:webp wide=64x:jpeg";

/// A long time ahead, for URLs that shall not expire.
pub const LATER: u64 = 4_000_000_000;
/// `0123456789abcdef` and `fedcba9876543210`.
pub const KEYS: &str = "first:MDEyMzQ1Njc4OWFiY2RlZg==\nsecond:ZmVkY2JhOTg3NjU0MzIxMA==";

/// Who delivers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Rest,
    HttpApi,
    FunctionUrl,
}

pub const ALL: [By; 3] = [By::Rest, By::HttpApi, By::FunctionUrl];

/// A request, as a client sends it.
#[derive(Clone)]
pub struct Ask {
    pub by: By,
    pub method: &'static str,
    /// Percent-encoded, with the query.
    pub target: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// Whether API Gateway has checked a key.
    pub with_key: bool,
}

impl Ask {
    pub fn get(target: &str) -> Ask {
        let (headers, body) = (Vec::new(), Vec::new());
        Ask { by: By::Rest, method: "GET", target: target.to_owned(), headers, body, with_key: false }
    }

    pub fn method(self, method: &'static str) -> Ask {
        Ask { method, ..self }
    }

    pub fn by(self, by: By) -> Ask {
        Ask { by, ..self }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Ask {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Ask {
        Ask { body: body.into(), ..self }.header("content-type", content_type)
    }

    pub fn with_key(self) -> Ask {
        Ask { with_key: true, ..self }
    }

    /// The event that the deliverer makes of it.
    fn event(&self) -> Value {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let mut event: Value = match self.by {
            By::Rest => serde_json::from_str(include_str!("events/rest.json")),
            By::HttpApi => serde_json::from_str(include_str!("events/http-api.json")),
            By::FunctionUrl => serde_json::from_str(include_str!("events/function-url.json")),
        }
        .unwrap();
        if !self.body.is_empty() {
            event["body"] = BASE64_STANDARD.encode(&self.body).into();
            event["isBase64Encoded"] = true.into();
        }
        if self.by != By::Rest {
            // An HTTP API takes the encoding off the path, a function URL does not.
            event["rawPath"] = if self.by == By::HttpApi { decoded(path).into() } else { path.into() };
            event["rawQueryString"] = query.into();
            event["requestContext"]["http"]["method"] = self.method.into();
            for (name, value) in &self.headers {
                event["headers"][*name] = value.as_str().into();
            }
            return event;
        }
        event["httpMethod"] = self.method.into();
        event["path"] = path.into();
        event["requestContext"]["path"] = format!("/v1{path}").into();
        event["pathParameters"] = json!({ "proxy": path.trim_start_matches('/') });
        for (name, value) in &self.headers {
            event["headers"][*name] = value.as_str().into();
            event["multiValueHeaders"][*name] = json!([value]);
        }
        let mut parameters: Map<String, Value> = Map::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let values = parameters.entry(decoded(&name.replace('+', " "))).or_insert_with(|| json!([]));
            values.as_array_mut().unwrap().push(decoded(&value.replace('+', " ")).into());
        }
        if !parameters.is_empty() {
            event["multiValueQueryStringParameters"] = Value::Object(parameters);
        }
        if self.with_key {
            event["requestContext"]["identity"]["apiKey"] = "the key".into();
        }
        event
    }
}

pub fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

/// The API and its S3.
pub struct Stage {
    pub api: Api,
    pub s3: S3,
    pub client: Client,
    _folder: TempDir,
}

impl Stage {
    pub async fn start() -> Stage {
        Stage::with(&[]).await
    }

    /// With these settings besides the buckets. `{folder}` in them is a folder in which the file `keys` holds [`KEYS`].
    pub async fn with(settings: &[(&str, &str)]) -> Stage {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("keys"), KEYS).unwrap();
        std::fs::write(folder.path().join("api-key"), "shared secret\n").unwrap();
        let place = folder.path().to_str().unwrap();
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
        let config = configuration(&serve(&s3).await);
        let buckets = [
            ("THUMBLINE_INPUT_BUCKET", INPUT),
            ("THUMBLINE_OUTPUT_BUCKET", OUTPUT),
            ("THUMBLINE_PRESETS", PRESETS),
        ];
        let all = buckets.iter().chain(settings);
        let all = all.map(|(name, value)| ((*name).to_owned(), value.replace("{folder}", place)));
        let settings = Settings::load(&Sources::new(None, all)).unwrap();
        let client =
            Client::from_conf(aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build());
        let api = Api::start(settings, Aws::new(config)).await.unwrap();
        Stage { api, s3, client, _folder: folder }
    }

    pub async fn put(&self, key: &str, body: impl Into<Vec<u8>>) -> String {
        let put = self.client.put_object().bucket(INPUT).key(key).body(body.into().into());
        put.send().await.unwrap().e_tag.unwrap().trim_matches('"').to_owned()
    }

    pub async fn remove(&self, key: &str) {
        self.client.delete_object().bucket(INPUT).key(key).send().await.unwrap();
    }

    pub async fn ask(&self, ask: Ask) -> Answer {
        let event = RawValue::from_string(ask.event().to_string()).unwrap();
        let call = Call { request_id: "test".to_owned(), deadline: Instant::now() + Duration::from_secs(60) };
        Answer::of(&thumbline_api::handle(&self.api, &event, &call).await)
    }

    pub async fn get(&self, target: &str) -> Answer {
        self.ask(Ask::get(target)).await
    }

    /// The keys in the output bucket.
    pub async fn outputs(&self) -> Vec<String> {
        let listed = self.client.list_objects_v2().bucket(OUTPUT).send().await.unwrap();
        listed.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
    }

    pub async fn output(&self, key: &str) -> Vec<u8> {
        let object = self.client.get_object().bucket(OUTPUT).key(key).send().await.unwrap();
        object.body.collect().await.unwrap().to_vec()
    }

    /// How many requests S3 was sent.
    pub fn requests(&self) -> u64 {
        self.s3.requests().counts().values().sum()
    }
}

/// What a client is answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u64,
    pub headers: Map<String, Value>,
    pub body: Vec<u8>,
}

impl Answer {
    fn of(answer: &Value) -> Answer {
        let text = answer["body"].as_str().unwrap();
        let body = if answer["isBase64Encoded"] == true {
            BASE64_STANDARD.decode(text).unwrap()
        } else {
            text.as_bytes().to_vec()
        };
        let headers = answer["headers"].as_object().unwrap().clone();
        Answer { status: answer["statusCode"].as_u64().unwrap(), headers, body }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Of a picture, its width and height.
    pub fn size(&self) -> (u32, u32) {
        let header = thumbline_imaging::probe(&self.body, &thumbline_imaging::Limits::default()).unwrap();
        (header.size().width, header.size().height)
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

pub fn configuration(url: &str) -> SdkConfig {
    let credentials = Credentials::new("thumbline", "secret", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(url)
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// A picture of the samples.
pub fn sample(file: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/pictures").join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
