//! `DeleteObjects`: up to a thousand keys in one request, each with an outcome of its own.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use crate::report::cases;
use crate::stage::{Stage, assert_refused};

cases![
    many_objects_go_in_one_request_and_each_is_named,
    a_quiet_deletion_names_nothing,
    keys_of_every_kind_go_in_one_request,
    a_key_named_twice_is_deleted_once,
    a_thousand_objects_go_in_one_request,
    more_than_a_thousand_are_refused_and_none_is_deleted,
    a_deletion_of_nothing_is_malformed,
    a_deletion_without_a_checksum_is_refused,
    a_deletion_with_a_wrong_checksum_deletes_nothing,
];

fn delete(keys: &[&str], quiet: bool) -> Delete {
    let objects = keys.iter().map(|key| ObjectIdentifier::builder().key(*key).build().unwrap()).collect();
    Delete::builder().set_objects(Some(objects)).quiet(quiet).build().unwrap()
}

async fn many_objects_go_in_one_request_and_each_is_named(stage: Stage) {
    for key in ["a", "b", "c"] {
        stage.put(key, "").await;
    }
    let request =
        stage.s3.delete_objects().bucket(&stage.bucket).delete(delete(&["a", "absent", "c"], false));
    let done = request.send().await.unwrap();
    let mut deleted: Vec<_> = done.deleted().iter().filter_map(|object| object.key()).collect();
    deleted.sort_unstable();
    assert_eq!(deleted, ["a", "absent", "c"]);
    assert_eq!(done.errors().len(), 0);
    assert_eq!(stage.keys().await, ["b"]);
}

/// API reference, `DeleteObjects`: in quiet mode only errors are returned.
async fn a_quiet_deletion_names_nothing(stage: Stage) {
    stage.put("a", "").await;
    let request = stage.s3.delete_objects().bucket(&stage.bucket).delete(delete(&["a", "absent"], true));
    let done = request.send().await.unwrap();
    assert_eq!((done.deleted().len(), done.errors().len()), (0, 0));
    assert!(stage.keys().await.is_empty());
}

async fn keys_of_every_kind_go_in_one_request(stage: Stage) {
    let longest = "k".repeat(1024);
    let keys = [
        "a b+c.jpg",
        "ünï/日本 😀.jpg",
        "x//y.jpg",
        "/lead.jpg",
        "100%.png",
        "..%2F.jpg",
        "../../escape",
        ".",
        "a",
        "a/b",
        "trailing/",
        "<&>\"'",
        &longest,
    ];
    for key in keys {
        stage.put(key, "").await;
    }
    stage.put("stays", "").await;
    let request = stage.s3.delete_objects().bucket(&stage.bucket).delete(delete(&keys, false));
    let done = request.send().await.unwrap();
    let (mut deleted, mut expected) =
        (done.deleted().iter().map(|o| o.key().unwrap()).collect::<Vec<_>>(), keys);
    deleted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(deleted, expected);
    assert_eq!(stage.keys().await, ["stays"]);
}

async fn a_key_named_twice_is_deleted_once(stage: Stage) {
    stage.put("a", "").await;
    stage.put("b", "").await;
    let request = stage.s3.delete_objects().bucket(&stage.bucket).delete(delete(&["a", "a"], false));
    assert_eq!(request.send().await.unwrap().errors().len(), 0);
    assert_eq!(stage.keys().await, ["b"]);
}

async fn a_thousand_objects_go_in_one_request(stage: Stage) {
    let keys: Vec<_> = (0..1_000).map(|n| format!("k{n}")).collect();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    for key in &keys[..50] {
        stage.put(key, "").await;
    }
    let request = stage.s3.delete_objects().bucket(&stage.bucket).delete(delete(&keys, false));
    assert_eq!(request.send().await.unwrap().deleted().len(), 1_000);
    assert!(stage.keys().await.is_empty());
}

async fn more_than_a_thousand_are_refused_and_none_is_deleted(stage: Stage) {
    stage.put("k0", "").await;
    let keys: Vec<_> = (0..1_001).map(|n| format!("k{n}")).collect();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    let request = stage.s3.delete_objects().bucket(&stage.bucket).delete(delete(&keys, false));
    assert_refused(request.send().await, 400, "MalformedXML");
    assert_eq!(stage.keys().await, ["k0"]);
}

async fn a_deletion_of_nothing_is_malformed(stage: Stage) {
    let request = stage.s3.delete_objects().bucket(&stage.bucket).delete(delete(&[], false));
    assert_refused(request.send().await, 400, "MalformedXML");
}

const BODY: &str = "<Delete><Object><Key>a</Key></Object></Delete>";

/// API reference, `DeleteObjects`: a Content-MD5 or another checksum is required for general purpose buckets.
async fn a_deletion_without_a_checksum_is_refused(stage: Stage) {
    stage.put("a", "").await;
    let request = stage.request("POST", "").query("delete", "").body(BODY);
    stage.signer().sign(request).send().await.assert_refused(400, "InvalidRequest");
    assert_eq!(stage.keys().await, ["a"]);
}

async fn a_deletion_with_a_wrong_checksum_deletes_nothing(stage: Stage) {
    stage.put("a", "").await;
    let request = stage.request("POST", "").query("delete", "").body(BODY);
    let request = request.header("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==");
    stage.signer().sign(request).send().await.assert_refused(400, "BadDigest");
    assert_eq!(stage.keys().await, ["a"]);
}
