//! Objects: `PutObject`, `GetObject`, `HeadObject`, `DeleteObject`.

use std::time::SystemTime;

use aws_sdk_s3::primitives::ByteStream;
use md5::{Digest as _, Md5};

use crate::report::cases;
use crate::signing::hex;
use crate::stage::{Stage, assert_refused, assert_status};

cases![
    what_was_put_comes_back_byte_for_byte,
    the_etag_of_a_single_put_is_the_quoted_md5_of_its_bytes,
    an_empty_object_is_an_object,
    twenty_megabytes_come_back_byte_for_byte,
    an_overwrite_replaces_bytes_etag_and_metadata,
    reading_an_absent_key_is_no_such_key,
    a_head_of_an_absent_key_has_no_body,
    deleting_an_absent_key_succeeds,
    a_deleted_object_is_gone_from_everywhere,
    last_modified_is_now_and_the_same_everywhere,
    a_get_says_all_that_a_head_says,
    a_body_that_breaks_off_leaves_the_older_object,
    a_body_that_breaks_off_leaves_nothing_where_nothing_was,
    a_put_without_a_length_is_refused,
];

async fn what_was_put_comes_back_byte_for_byte(stage: Stage) {
    let every_byte: Vec<u8> = (0..=255).cycle().take(70_001).collect();
    stage.put("bytes.bin", every_byte.clone()).await;
    assert!(stage.bytes("bytes.bin").await == every_byte, "the bytes differ");
    let head = stage.s3.head_object().bucket(&stage.bucket).key("bytes.bin").send().await.unwrap();
    assert_eq!(head.content_length, Some(70_001));
}

async fn the_etag_of_a_single_put_is_the_quoted_md5_of_its_bytes(stage: Stage) {
    let etag = stage.put("e.txt", "thumbnail").await;
    let md5 = hex(&Md5::digest("thumbnail"));
    assert_eq!(etag, format!("\"{md5}\""));
    let listed = stage.s3.list_objects_v2().bucket(&stage.bucket).send().await.unwrap().contents.unwrap();
    assert_eq!(listed[0].e_tag.as_deref(), Some(&*etag));
}

async fn an_empty_object_is_an_object(stage: Stage) {
    assert_eq!(stage.put("empty", "").await, "\"d41d8cd98f00b204e9800998ecf8427e\"");
    assert!(stage.bytes("empty").await.is_empty());
    let listed = stage.s3.list_objects_v2().bucket(&stage.bucket).send().await.unwrap().contents.unwrap();
    assert_eq!((listed.len(), listed[0].size), (1, Some(0)));
}

async fn twenty_megabytes_come_back_byte_for_byte(stage: Stage) {
    let bytes: Vec<u8> =
        (0_u32..5_000_000).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    stage.put("large.bin", bytes.clone()).await;
    assert!(stage.bytes("large.bin").await == bytes, "the bytes differ");
}

async fn an_overwrite_replaces_bytes_etag_and_metadata(stage: Stage) {
    let put = stage
        .s3
        .put_object()
        .bucket(&stage.bucket)
        .key("k")
        .body(ByteStream::from_static(b"a longer first body"));
    let first = put.metadata("colour", "red").content_type("image/png").send().await.unwrap().e_tag;
    let put = stage.s3.put_object().bucket(&stage.bucket).key("k").body(ByteStream::from_static(b"second"));
    let second = put.send().await.unwrap().e_tag;
    assert_ne!(first, second);
    let got = stage.s3.get_object().bucket(&stage.bucket).key("k").send().await.unwrap();
    assert_eq!(got.e_tag, second);
    assert_eq!(got.content_length, Some(6));
    assert_eq!(got.metadata.unwrap_or_default().len(), 0);
    assert_ne!(got.content_type.as_deref(), Some("image/png"));
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"second");
    assert_eq!(stage.keys().await, ["k"]);
}

async fn reading_an_absent_key_is_no_such_key(stage: Stage) {
    let absent = stage.s3.get_object().bucket(&stage.bucket).key("absent").send().await;
    assert_refused(absent, 404, "NoSuchKey");
    assert_status(stage.s3.head_object().bucket(&stage.bucket).key("absent").send().await, 404);
}

async fn a_head_of_an_absent_key_has_no_body(stage: Stage) {
    let answer = stage.signer().sign(stage.request("HEAD", "absent")).send().await;
    assert_eq!((answer.status, answer.body.len()), (404, 0), "{answer:?}");
}

async fn deleting_an_absent_key_succeeds(stage: Stage) {
    stage.put("other", "stays").await;
    let answer = stage.signer().sign(stage.request("DELETE", "absent")).send().await;
    assert_eq!((answer.status, answer.body.len()), (204, 0), "{answer:?}");
    assert_eq!(stage.keys().await, ["other"]);
}

async fn a_deleted_object_is_gone_from_everywhere(stage: Stage) {
    stage.put("k", "here").await;
    stage.put("k2", "stays").await;
    stage.s3.delete_object().bucket(&stage.bucket).key("k").send().await.unwrap();
    assert_refused(stage.s3.get_object().bucket(&stage.bucket).key("k").send().await, 404, "NoSuchKey");
    assert!(!stage.has("k").await);
    assert_eq!(stage.keys().await, ["k2"]);
}

async fn last_modified_is_now_and_the_same_everywhere(stage: Stage) {
    let seconds = |time: SystemTime| {
        i64::try_from(time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()).unwrap()
    };
    let before = seconds(SystemTime::now());
    stage.put("k", "now").await;
    let after = seconds(SystemTime::now());
    let head =
        stage.s3.head_object().bucket(&stage.bucket).key("k").send().await.unwrap().last_modified.unwrap();
    assert!((before..=after).contains(&head.secs()), "{before} <= {head:?} <= {after}");
    let got =
        stage.s3.get_object().bucket(&stage.bucket).key("k").send().await.unwrap().last_modified.unwrap();
    let listed = stage.s3.list_objects_v2().bucket(&stage.bucket).send().await.unwrap().contents.unwrap();
    let listed = listed[0].last_modified.unwrap();
    assert_eq!((got.secs(), listed.secs()), (head.secs(), head.secs()));
}

async fn a_get_says_all_that_a_head_says(stage: Stage) {
    let put =
        stage.s3.put_object().bucket(&stage.bucket).key("k").body(ByteStream::from_static(b"0123456789"));
    put.content_type("text/plain").metadata("m", "v").send().await.unwrap();
    let get = stage.signer().sign(stage.request("GET", "k")).send().await;
    let head = stage.signer().sign(stage.request("HEAD", "k")).send().await;
    assert_eq!((get.status, head.status), (200, 200));
    assert_eq!((get.body.as_ref(), head.body.as_ref()), (&b"0123456789"[..], &b""[..]));
    for name in ["etag", "content-length", "content-type", "last-modified", "accept-ranges", "x-amz-meta-m"] {
        assert_ne!(get.header(name), "", "no {name} in the answer to GET: {get:?}");
        assert_eq!(get.header(name), head.header(name), "{name}");
    }
    assert_eq!(get.header("accept-ranges"), "bytes");
}

async fn a_body_that_breaks_off_leaves_the_older_object(stage: Stage) {
    stage.put("k", "the older object").await;
    let put = stage.request("PUT", "k").body(vec![b'x'; 100_000]);
    stage.signer().sign(put).send_cut_short(60_000).await;
    assert_eq!(stage.text("k").await, "the older object");
}

async fn a_body_that_breaks_off_leaves_nothing_where_nothing_was(stage: Stage) {
    // Without a signed hash, so that the length alone tells that something is missing.
    let put = stage.request("PUT", "k").body(vec![b'x'; 100_000]);
    let put = put.header("x-amz-content-sha256", crate::signing::UNSIGNED_PAYLOAD);
    stage.signer().sign(put).send_cut_short(60_000).await;
    assert!(stage.keys().await.is_empty());
}

/// API reference, "Error responses": `MissingContentLength`.
async fn a_put_without_a_length_is_refused(stage: Stage) {
    let put = stage.request("PUT", "k").header("x-amz-content-sha256", crate::signing::UNSIGNED_PAYLOAD);
    let put = stage.signer().sign(put).header("transfer-encoding", "chunked").body("of unknown length");
    put.send().await.assert_refused(411, "MissingContentLength");
    assert!(stage.keys().await.is_empty());
}
