//! Serves a folder as an S3 on a port of 127.0.0.1, until it is stopped.
//!
//! `cargo run -p thumbline-local-s3 --example serve -- FOLDER [PORT]` prints one line of JSON when it is ready: the URL
//! and the keys that requests must be signed with. Without a port, the system chooses one.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use thumbline_local_s3::{Credentials, S3, S3Options};
use tokio::net::TcpListener;

const REGION: &str = "us-east-1";
const ACCESS_KEY_ID: &str = "thumbline";
const SECRET_ACCESS_KEY: &str = "thumbline-secret";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = arguments.next().map(PathBuf::from).ok_or("usage: serve FOLDER [PORT]")?;
    let port =
        arguments.next().and_then(|port| port.to_str().and_then(|port| port.parse().ok())).unwrap_or(0);
    std::fs::create_dir_all(&folder)?;
    let s3 = S3::open(S3Options {
        database: Arc::new(redb::Database::create(folder.join("index.redb"))?),
        blobs: folder.join("blobs"),
        credentials: Credentials {
            access_key_id: ACCESS_KEY_ID.into(),
            secret_access_key: SECRET_ACCESS_KEY.into(),
        },
        region: REGION.into(),
        cors: BTreeMap::new(),
        rules: Vec::new(),
        sink: None,
    })?;

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let ready = serde_json::json!({
        "s3": format!("http://{}", listener.local_addr()?),
        "region": REGION,
        "access_key_id": ACCESS_KEY_ID,
        "secret_access_key": SECRET_ACCESS_KEY,
    });
    println!("{ready}");
    loop {
        let (connection, peer) = listener.accept().await?;
        let service = s3.service();
        tokio::spawn(async move {
            let service =
                hyper::service::service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
                    request.extensions_mut().insert(peer);
                    hyper::service::Service::call(&service, request)
                });
            // A client that hangs up is its own business.
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(connection), service)
                .await;
        });
    }
}
