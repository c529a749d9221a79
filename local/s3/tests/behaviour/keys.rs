//! Keys are not paths: each is its own object, and none reaches anywhere.

use std::collections::BTreeSet;

use aws_sdk_s3::types::{Delete, EncodingType, ObjectIdentifier};
use percent_encoding::percent_decode_str;

use crate::server::{BUCKET, Server, code, files_under};

/// Keys that have broken stores before. The SDK itself refuses those of nothing but white space.
fn awkward_keys() -> Vec<String> {
    let mut keys: Vec<String> = [
        "a",
        "a/b",
        "a/",
        "a//b",
        "/a",
        "//",
        "/",
        ".",
        "..",
        "./a",
        "../a",
        "../../etc/passwd",
        "x/../../y",
        "..%2F.jpg",
        "%2e%2e/a",
        "100%.png",
        "%",
        "+",
        "a b+c.jpg",
        " a",
        "a ",
        "ünï/日本 😀.jpg",
        "u\u{308}",
        "ü",
        "A",
        "a?b=c&d=e",
        "a#b",
        "a;b",
        "a:b",
        "a\\b",
        "\"q\"<>&'",
        "~",
        "*",
        "\u{1}\u{7f}\n.jpg",
        "\u{10FFFF}",
        "index.redb",
        "blobs/00/x",
        "con",
        "a\u{200b}b",
    ]
    .map(str::to_owned)
    .into();
    keys.push("k".repeat(1_024));
    keys.push("é".repeat(450));
    keys
}

/// All keys, as a client sees them that can take any character.
async fn list(server: &Server, page_size: i32) -> BTreeSet<String> {
    let pages =
        server.client.list_objects_v2().bucket(BUCKET).max_keys(page_size).encoding_type(EncodingType::Url);
    let mut pages = pages.into_paginator().send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        for object in page.unwrap().contents() {
            keys.push(percent_decode_str(object.key().unwrap()).decode_utf8().unwrap().into_owned());
        }
    }
    assert!(keys.is_sorted(), "keys come in the order of their bytes");
    keys.into_iter().collect()
}

#[tokio::test]
async fn every_key_is_an_object_of_its_own() {
    let server = Server::start().await;
    let keys = awkward_keys();
    for key in &keys {
        server.put(key, format!("bytes of {key}")).await;
    }
    for key in &keys {
        assert_eq!(server.get(key).await.unwrap(), format!("bytes of {key}").as_bytes(), "{key:?}");
    }
    let mut expected: BTreeSet<_> = keys.iter().cloned().collect();
    assert_eq!(list(&server, 7).await, expected);

    for key in &keys {
        server.client.delete_object().bucket(BUCKET).key(key).send().await.unwrap();
        assert_eq!(server.get(key).await, None, "{key:?}");
        expected.remove(key);
        assert_eq!(list(&server, 1_000).await, expected, "removing {key:?} removes nothing else");
    }
}

#[tokio::test]
async fn nothing_is_written_outside_the_data_folder_and_no_file_is_named_after_a_key() {
    let server = Server::start().await;
    for key in awkward_keys() {
        server.put(&key, vec![7; 100_000]).await;
    }
    let files = server.files();
    assert_eq!(files.len(), awkward_keys().len());
    for file in &files {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
    }
    assert_eq!(files_under(server.folder()).len(), files.len() + 1, "the blobs, and the index");
}

#[tokio::test]
async fn a_copy_finds_its_source_whatever_it_is_called() {
    let server = Server::start().await;
    for (number, key) in awkward_keys().into_iter().enumerate() {
        server.put(&key, key.as_bytes()).await;
        let source: Vec<_> = key.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let source = source.concat();
        let copy = format!("copy-{number}");
        let request = server.client.copy_object().bucket(BUCKET).key(&copy);
        request.copy_source(format!("{BUCKET}/{source}")).send().await.unwrap();
        assert_eq!(server.get(&copy).await.unwrap(), key.as_bytes(), "{key:?}");
    }
}

#[tokio::test]
async fn a_key_of_more_than_1024_bytes_is_too_long() {
    let server = Server::start().await;
    for key in ["k".repeat(1_025), "é".repeat(513)] {
        let error = server.client.put_object().bucket(BUCKET).key(key).send().await.unwrap_err();
        assert_eq!(code(&error), "KeyTooLongError");
    }
}

#[tokio::test]
async fn many_keys_are_removed_at_once_and_each_gets_its_own_answer() {
    let server = Server::start().await;
    let etag = server.put("kept", "1").await;
    server.put(" spaces & <signs> ", "2").await;
    let identify = |key: &str, etag: Option<&str>| {
        ObjectIdentifier::builder().key(key).set_e_tag(etag.map(str::to_owned)).build().unwrap()
    };
    let delete = Delete::builder()
        .objects(identify("kept", Some("\"another\"")))
        .objects(identify(" spaces & <signs> ", None))
        .objects(identify("absent", None))
        .build()
        .unwrap();
    let answer = server.client.delete_objects().bucket(BUCKET).delete(delete).send().await.unwrap();
    let deleted: Vec<_> = answer.deleted().iter().filter_map(|object| object.key()).collect();
    assert_eq!(deleted, [" spaces & <signs> ", "absent"]);
    assert_eq!(answer.errors()[0].code(), Some("PreconditionFailed"));
    assert_eq!(server.get("kept").await.unwrap(), b"1");

    let quiet = Delete::builder().objects(identify("kept", Some(&etag))).quiet(true).build().unwrap();
    let answer = server.client.delete_objects().bucket(BUCKET).delete(quiet).send().await.unwrap();
    assert!(answer.deleted().is_empty() && answer.errors().is_empty());
    assert_eq!(server.get("kept").await, None);
}
