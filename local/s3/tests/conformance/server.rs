//! The servers that the suite asks, each started for it on a port that the system chooses and ended with it.

use std::any::Any;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
use hyper_util::rt::TokioIo;
use thumbline_local_s3::{self as s3, S3, S3Options};
use tokio::net::TcpListener;

/// How long a server may take to say where it listens: a cold Python reads many files first.
const START_DEADLINE: Duration = Duration::from_mins(1);

/// The variable with the path of moto's `moto_server`, from the Python environment that the Makefile builds.
const MOTO_SERVER: &str = "MOTO_SERVER";

/// A server that answers until it is dropped.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) door: Door,
    _running: Box<dyn Any + Send + Sync>,
}

/// How to get in.
#[derive(Clone)]
pub(crate) struct Door {
    /// `127.0.0.1:PORT`.
    pub(crate) host: String,
    pub(crate) region: String,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
}

impl Door {
    fn new(host: String) -> Self {
        Self {
            host,
            region: "us-east-1".into(),
            access_key_id: "AKIACONFORMANCESUITE".into(),
            secret_access_key: "a secret that is only used on this machine".into(),
        }
    }

    /// The SDK's client in path style, without retries: they would hide what a case is about.
    pub(crate) fn client(&self) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .endpoint_url(format!("http://{}", self.host))
            .credentials_provider(Credentials::new(
                &self.access_key_id,
                &self.secret_access_key,
                None,
                None,
                "the conformance suite",
            ))
            .force_path_style(true)
            .retry_config(RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http());
        Client::from_conf(config.build())
    }
}

/// The embedded S3 over an empty folder.
pub(crate) async fn embedded() -> Server {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let door = Door::new(listener.local_addr().expect("an address").to_string());
    let database = redb::Database::create(folder.path().join("index.redb")).expect("an index");
    let s3 = S3::open(S3Options {
        database: Arc::new(database),
        blobs: folder.path().join("blobs"),
        credentials: s3::Credentials {
            access_key_id: door.access_key_id.clone(),
            secret_access_key: door.secret_access_key.clone(),
        },
        region: door.region.clone(),
        cors: BTreeMap::new(),
        rules: Vec::new(),
        sink: None,
    });
    let service = s3.expect("an S3").service();
    let accepting = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let http = hyper::server::conn::http1::Builder::new();
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service.clone()));
        }
    });
    Server { name: "embedded", door, _running: Box::new((folder, accepting)) }
}

/// moto's server as a child process.
pub(crate) async fn moto() -> Server {
    let program = std::env::var(MOTO_SERVER).unwrap_or_else(|_| {
        panic!(
            "{MOTO_SERVER} is not set: it is the path of moto's `moto_server`, the other S3 that this suite asks. \
             `make conformance` installs it and runs the suite; `make python` installs it, and then\n\
             {MOTO_SERVER}=$PWD/target/python/bin/moto_server cargo test -p thumbline-local-s3 --test conformance"
        )
    });
    let child = Command::new(&program)
        .args(["-H", "127.0.0.1", "-p", "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = Ended(child.unwrap_or_else(|error| panic!("{MOTO_SERVER}={program}: {error}")));
    let log = child.0.stderr.take().expect("a pipe");
    let (found, listening) = mpsc::channel();
    std::thread::spawn(move || {
        // Read to the end, beyond the line that names the port: a full pipe would stop the server.
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            if let Some((_, host)) = line.split_once("Running on http://") {
                let _ = found.send(host.trim().to_owned());
            }
        }
    });
    let host = tokio::task::spawn_blocking(move || listening.recv_timeout(START_DEADLINE))
        .await
        .expect("the wait to end")
        .unwrap_or_else(|_| panic!("{program} has not said where it listens; does it run by hand?"));
    Server { name: "moto", door: Door::new(host), _running: Box::new(child) }
}

/// A child process that is ended, and waited for, with its owner.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
