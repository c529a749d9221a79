//! An embedded S3 with two buckets and nothing else: for checks that call functions themselves.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use aws_sdk_s3::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use redb::Database;
use thumbline_local_s3::{S3, S3Options};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::access::{Access, REGION};

/// Where sources are.
pub(crate) const INPUT: &str = "pictures";
/// Where outputs are.
pub(crate) const OUTPUT: &str = "thumbs";

/// The two buckets, served until this is dropped.
pub(crate) struct Buckets {
    pub(crate) access: Access,
    pub(crate) client: Client,
    _server: JoinSet<()>,
}

impl Buckets {
    /// Opens them, empty, in a folder of their own.
    pub(crate) async fn open(folder: &Path) -> anyhow::Result<Buckets> {
        std::fs::create_dir_all(folder)?;
        let access =
            Access { url: String::new(), key_id: "thumbline".to_owned(), secret: "secret".to_owned() };
        let s3 = S3::open(S3Options {
            database: Arc::new(Database::create(folder.join("index.redb"))?),
            blobs: folder.join("blobs"),
            credentials: thumbline_local_s3::Credentials {
                access_key_id: access.key_id.clone(),
                secret_access_key: access.secret.clone(),
            },
            region: REGION.to_owned(),
            rules: Vec::new(),
            cors: BTreeMap::new(),
            sink: None,
        })?;
        s3.create_bucket(INPUT).await?;
        s3.create_bucket(OUTPUT).await?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("listening for S3")?;
        let access = access.through(&format!("http://{}", listener.local_addr()?));
        let mut server = JoinSet::new();
        server.spawn(serve(listener, s3));
        Ok(Buckets { client: access.client(), access, _server: server })
    }

    /// Puts a source, or removes it where there are no bytes.
    pub(crate) async fn change(&self, key: &str, source: Option<&[u8]>) -> anyhow::Result<()> {
        change(&self.client, INPUT, key, source).await
    }
}

/// Puts an object, or removes it where there are no bytes.
pub(crate) async fn change(
    client: &Client,
    bucket: &str,
    key: &str,
    body: Option<&[u8]>,
) -> anyhow::Result<()> {
    match body {
        Some(body) => {
            let put = client.put_object().bucket(bucket).key(key).body(body.to_vec().into());
            put.send().await.with_context(|| format!("putting {key:?}"))?;
        }
        None => {
            let delete = client.delete_object().bucket(bucket).key(key);
            delete.send().await.with_context(|| format!("removing {key:?}"))?;
        }
    }
    Ok(())
}

async fn serve(listener: TcpListener, s3: S3) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else { continue };
        let _ = stream.set_nodelay(true);
        let service = s3.service();
        connections.spawn(async move {
            // A client that goes away in the middle is what some checks are about.
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
