//! A server of its own for every test, with a sink that writes its events into the same database.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition, WriteTransaction};
use serde_json::Value;
use tempfile::TempDir;
use thumbline_local_s3::{EventSink, NotificationRule, S3, S3Options};
use tokio::net::TcpListener;

/// The bucket that every server has.
pub(crate) const BUCKET: &str = "pictures";
pub(crate) const ACCESS_KEY_ID: &str = "thumbline";
pub(crate) const SECRET_ACCESS_KEY: &str = "secret/with+signs";

const EVENTS: TableDefinition<'_, u64, (&str, &str)> = TableDefinition::new("test.events");

/// A running server; it ends with the test.
pub(crate) struct Server {
    pub(crate) s3: S3,
    pub(crate) client: Client,
    pub(crate) address: std::net::SocketAddr,
    pub(crate) events: Arc<Events>,
    folder: PathBuf,
    /// Removes the folder with the server, if it is the server's own.
    temporary: Option<TempDir>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(Vec::new()).await
    }

    pub(crate) async fn start_with(rules: Vec<NotificationRule>) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let mut server = Self::start_in(temporary.path(), rules).await;
        server.temporary = Some(temporary);
        server
    }

    /// Serves a folder that may hold something already.
    pub(crate) async fn start_in(folder: &Path, rules: Vec<NotificationRule>) -> Self {
        let database = Arc::new(Database::create(folder.join("index.redb")).unwrap());
        let events = Arc::new(Events::new(Arc::clone(&database)));
        let s3 = S3::open(S3Options {
            database,
            blobs: folder.join("blobs"),
            credentials: thumbline_local_s3::Credentials {
                access_key_id: ACCESS_KEY_ID.into(),
                secret_access_key: SECRET_ACCESS_KEY.into(),
            },
            region: "us-east-1".into(),
            cors: BTreeMap::new(),
            rules,
            sink: Some(events.clone()),
        })
        .unwrap();
        s3.create_bucket(BUCKET).await.unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = s3.service();
        tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                let service = service.clone();
                tokio::spawn(async move {
                    let connection = TokioIo::new(connection);
                    let _ =
                        auto::Builder::new(TokioExecutor::new()).serve_connection(connection, service).await;
                });
            }
        });
        let client = client(&format!("http://{address}"), SECRET_ACCESS_KEY);
        Self { s3, client, address, events, folder: folder.to_owned(), temporary: None }
    }

    pub(crate) async fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) -> String {
        let body = ByteStream::from(bytes.into());
        let answer = self.client.put_object().bucket(BUCKET).key(key).body(body).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("putting {key:?}: {error:?}"));
        answer.e_tag.unwrap()
    }

    /// What is under a key, if anything is.
    pub(crate) async fn get(&self, key: &str) -> Option<Vec<u8>> {
        match self.client.get_object().bucket(BUCKET).key(key).send().await {
            Ok(answer) => Some(answer.body.collect().await.unwrap().to_vec()),
            Err(error) if status(&error) == 404 => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// The blob files there are.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        files_under(&self.folder.join("blobs"))
    }

    /// Waits until there are this many blob files. They are removed before the answer to the request that made them
    /// superfluous, unless somebody reads them, who may be done a moment later than the client has the last byte.
    pub(crate) async fn has_files(&self, number: usize) {
        let settled = async {
            while self.files().len() != number {
                tokio::task::yield_now().await;
            }
        };
        let outcome = tokio::time::timeout(Duration::from_secs(10), settled).await;
        assert!(outcome.is_ok(), "{} files, not {number}", self.files().len());
    }

    pub(crate) fn folder(&self) -> &Path {
        self.temporary.as_ref().map_or(self.folder.as_path(), TempDir::path)
    }

    /// Waits until a request of this kind was answered.
    pub(crate) async fn answered(&self, operation: &str, times: u64) {
        let mut requests = self.s3.requests().subscribe();
        while self.s3.requests().count(operation) < times {
            tokio::time::timeout(Duration::from_secs(10), requests.recv()).await.unwrap().unwrap();
        }
    }
}

pub(crate) fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_under(&path)) } else { files.push(path) }
    }
    files
}

/// An SDK client that tries everything once.
pub(crate) fn client(url: &str, secret_access_key: &str) -> Client {
    Client::from_conf(
        Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(url)
            .credentials_provider(Credentials::new(ACCESS_KEY_ID, secret_access_key, None, None, "test"))
            .force_path_style(true)
            .retry_config(RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build(),
    )
}

/// The HTTP status of a failed request; 0 if there was no answer.
pub(crate) fn status<E>(error: &aws_sdk_s3::error::SdkError<E>) -> u16 {
    error.raw_response().map_or(0, |response| response.status().as_u16())
}

/// S3's code for a failed request.
pub(crate) fn code<E: aws_sdk_s3::error::ProvideErrorMetadata>(
    error: &aws_sdk_s3::error::SdkError<E>,
) -> String {
    aws_sdk_s3::error::ProvideErrorMetadata::code(error).unwrap_or_default().to_owned()
}

/// Keeps events in the database that the S3 has its index in.
pub(crate) struct Events {
    database: Arc<Database>,
    next: AtomicU64,
    committed: AtomicU64,
    broken: AtomicBool,
    held: Mutex<Option<mpsc::Receiver<()>>>,
}

impl Events {
    fn new(database: Arc<Database>) -> Self {
        Self {
            database,
            next: AtomicU64::new(0),
            committed: AtomicU64::new(0),
            broken: AtomicBool::new(false),
            held: Mutex::new(None),
        }
    }

    /// Keeps the next announcement from returning until what this gives is dropped.
    pub(crate) fn hold(&self) -> mpsc::Sender<()> {
        let (release, held) = mpsc::channel();
        *self.held.lock().unwrap() = Some(held);
        release
    }

    /// Makes the sink refuse everything from now on, or no longer.
    pub(crate) fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }

    pub(crate) fn commits(&self) -> u64 {
        self.committed.load(Ordering::SeqCst)
    }

    /// Everything that was committed: targets and the records of their events.
    pub(crate) fn all(&self) -> Vec<(String, Value)> {
        let transaction = self.database.begin_read().unwrap();
        let Ok(table) = transaction.open_table(EVENTS) else { return Vec::new() };
        table
            .iter()
            .unwrap()
            .map(|entry| {
                let (_, event) = entry.unwrap();
                let (target, payload) = event.value();
                let payload: Value = serde_json::from_str(payload).unwrap();
                (target.to_owned(), payload)
            })
            .collect()
    }
}

impl EventSink for Events {
    fn enqueue(
        &self,
        transaction: &WriteTransaction,
        target: &str,
        payload: &str,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        if self.broken.load(Ordering::SeqCst) {
            return Err("the sink was told to refuse".into());
        }
        let id = self.next.fetch_add(1, Ordering::SeqCst);
        transaction.open_table(EVENTS)?.insert(id, (target, payload))?;
        Ok(())
    }

    fn committed(&self) {
        self.committed.fetch_add(1, Ordering::SeqCst);
        if let Some(held) = self.held.lock().unwrap().take() {
            // Ends with an error when the sender is dropped, which is what releases it.
            let _ = held.recv();
        }
    }
}
