//! What was answered survives SIGKILL; what was not leaves no trace.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::server::{BUCKET, Server, client};

/// Starts the example `serve`, which building the tests builds too, and waits until it serves.
async fn start_child(folder: &Path) -> (Child, Client) {
    let tests = std::env::current_exe().unwrap();
    let serve = tests.ancestors().nth(2).unwrap().join("examples/serve");
    let mut child =
        Command::new(&serve).arg(folder).stdout(Stdio::piped()).spawn().unwrap_or_else(|error| {
            panic!("{}: {error}; `cargo build --examples` builds it", serve.display())
        });
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
    let client = client(ready["s3"].as_str().unwrap(), ready["secret_access_key"].as_str().unwrap());
    client.create_bucket().bucket(BUCKET).send().await.unwrap();
    (child, client)
}

/// The bytes of an upload: some live in the index, some in a file.
fn content(writer: usize, number: usize) -> Vec<u8> {
    let length = if number.is_multiple_of(2) { 300 } else { 150_000 };
    format!("{writer}/{number};").into_bytes().into_iter().cycle().take(length).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_acknowledged_before_a_kill_is_there_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for round in 0..3 {
        let (mut child, client) = start_child(folder.path()).await;
        let arrived = Arc::new(Semaphore::new(0));
        let mut writers = JoinSet::new();
        for writer in 0..8 {
            let client = client.clone();
            let arrived = Arc::clone(&arrived);
            writers.spawn(async move {
                let mut written = Vec::new();
                for number in 0.. {
                    let key = format!("{round}/{writer}/{number}");
                    let bytes = content(writer, number);
                    let put =
                        client.put_object().bucket(BUCKET).key(&key).body(ByteStream::from(bytes.clone()));
                    if put.send().await.is_err() {
                        break;
                    }
                    written.push((key, bytes));
                    arrived.add_permits(1);
                }
                written
            });
        }
        // Killed in the middle of it.
        let _ = arrived.acquire_many(60).await.unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        while let Some(written) = writers.join_next().await {
            acknowledged.extend(written.unwrap());
        }
    }
    assert!(acknowledged.len() >= 3 * 60);

    let server = Server::start_in(folder.path(), Vec::new()).await;
    for (key, bytes) in &acknowledged {
        assert!(
            server.get(key).await.as_ref() == Some(bytes),
            "{key} was acknowledged and is not there as it was"
        );
    }
    // Uploads that had arrived but were not answered may be there too, and then they are there in full.
    let mut in_files = 0;
    let mut pages = server.client.list_objects_v2().bucket(BUCKET).into_paginator().send();
    while let Some(page) = pages.next().await {
        for object in page.unwrap().contents() {
            let key = object.key().unwrap();
            let mut numbers = key.split('/').skip(1).map(|number| number.parse().unwrap());
            let (writer, number) = (numbers.next().unwrap(), numbers.next().unwrap());
            assert!(
                server.get(key).await.unwrap() == content(writer, number),
                "{key} is there, but not in full"
            );
            in_files += usize::from(number % 2 == 1);
        }
    }
    assert_eq!(server.files().len(), in_files, "no file is left of uploads that were not finished");
}

#[tokio::test]
async fn opening_removes_files_that_no_object_has() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, client) = start_child(folder.path()).await;
    let put = client.put_object().bucket(BUCKET).key("k");
    put.body(ByteStream::from(vec![1; 100_000])).send().await.unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let leftover = folder.path().join("blobs").join("ab").join(format!("ab{}", "0".repeat(30)));
    std::fs::write(&leftover, "half an upload").unwrap();

    let server = Server::start_in(folder.path(), Vec::new()).await;
    assert!(!leftover.exists());
    assert_eq!(server.get("k").await.unwrap(), vec![1; 100_000]);
}
