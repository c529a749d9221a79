//! Bodies in `aws-chunked` encoding: chunks that are signed one by one, and checksums that come after the body.
//!
//! API reference, "Signature calculations: transferring payload in multiple chunks" and "… including trailing headers".

use aws_sdk_s3::primitives::ByteStream;

use crate::report::cases;
use crate::signing::UNSIGNED_PAYLOAD;
use crate::stage::Stage;
use crate::wire::Request;

cases![
    signed_chunks_are_put_together_and_their_encoding_is_not_kept,
    a_chunk_changed_after_it_was_signed_is_refused,
    a_stream_that_ends_before_its_last_chunk_leaves_nothing,
    a_stream_shorter_than_it_said_leaves_nothing,
    a_right_checksum_after_the_body_is_taken,
    a_wrong_checksum_after_the_body_is_refused_and_the_older_object_stays,
    an_announced_checksum_that_does_not_come_is_refused,
    a_file_streamed_by_the_sdk_arrives_whole,
    a_body_changed_after_it_was_signed_is_refused,
    a_body_that_is_not_signed_is_taken,
];

static CHUNK: [u8; 65_536] = [b'c'; 65_536];

async fn signed_chunks_are_put_together_and_their_encoding_is_not_kept(stage: Stage) {
    let put = stage.signer().sign_chunks(stage.request("PUT", "k"), &[&CHUNK, &CHUNK, b"the end"], |_| ());
    put.send().await.assert_done();
    assert!(stage.bytes("k").await == [&CHUNK[..], &CHUNK, b"the end"].concat(), "the bytes differ");
    let head = stage.s3.head_object().bucket(&stage.bucket).key("k").send().await.unwrap();
    assert_eq!(head.content_encoding.unwrap_or_default(), "");
}

async fn a_chunk_changed_after_it_was_signed_is_refused(stage: Stage) {
    stage.put("k", "the older object").await;
    let spoil: fn(&mut Vec<u8>) = |chunk| {
        if let Some(byte) = chunk.last_mut() {
            *byte ^= 1;
        }
    };
    let put = stage.signer().sign_chunks(stage.request("PUT", "k"), &[&CHUNK, b"the end"], spoil);
    put.send().await.assert_refused(403, "SignatureDoesNotMatch");
    assert_eq!(stage.text("k").await, "the older object");
}

async fn a_stream_that_ends_before_its_last_chunk_leaves_nothing(stage: Stage) {
    let mut put = stage.signer().sign_chunks(stage.request("PUT", "k"), &[&CHUNK, &CHUNK], |_| ());
    put.body.truncate(CHUNK.len() + 1_000);
    let answer = put.send().await;
    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert!(stage.keys().await.is_empty());
}

async fn a_stream_shorter_than_it_said_leaves_nothing(stage: Stage) {
    let put = trailing(&stage, "thumbnail", CHECKSUM).header("x-amz-decoded-content-length", "10");
    let answer = stage.signer().sign(put).send().await;
    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert!(stage.keys().await.is_empty());
}

/// The CRC32 of `thumbnail`.
const CHECKSUM: &str = "x-amz-checksum-crc32:w1cm5g==\r\n";

/// A body in one unsigned chunk with something after it.
fn trailing(stage: &Stage, body: &str, trailer: &str) -> Request {
    let put = stage.request("PUT", "k").header("content-encoding", "aws-chunked");
    let put = put.header("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    let put = put.header("x-amz-decoded-content-length", &body.len().to_string());
    let put = put.header("x-amz-trailer", "x-amz-checksum-crc32");
    put.body(format!("{:x}\r\n{body}\r\n0\r\n{trailer}\r\n", body.len()))
}

async fn a_right_checksum_after_the_body_is_taken(stage: Stage) {
    stage.signer().sign(trailing(&stage, "thumbnail", CHECKSUM)).send().await.assert_done();
    assert_eq!(stage.text("k").await, "thumbnail");
}

async fn a_wrong_checksum_after_the_body_is_refused_and_the_older_object_stays(stage: Stage) {
    stage.put("k", "the older object").await;
    let put = trailing(&stage, "thumbnaiL", CHECKSUM);
    stage.signer().sign(put).send().await.assert_refused(400, "BadDigest");
    assert_eq!(stage.text("k").await, "the older object");
}

async fn an_announced_checksum_that_does_not_come_is_refused(stage: Stage) {
    let answer = stage.signer().sign(trailing(&stage, "thumbnail", "")).send().await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(stage.keys().await.is_empty());
}

async fn a_file_streamed_by_the_sdk_arrives_whole(stage: Stage) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let bytes: Vec<u8> = (0..=250).cycle().take(3_000_000).collect();
    std::fs::write(file.path(), &bytes).unwrap();
    let body = ByteStream::from_path(file.path()).await.unwrap();
    stage.s3.put_object().bucket(&stage.bucket).key("k").body(body).send().await.unwrap();
    assert!(stage.bytes("k").await == bytes, "the bytes differ");
    let head = stage.s3.head_object().bucket(&stage.bucket).key("k").send().await.unwrap();
    assert_eq!(head.content_encoding.unwrap_or_default(), "");
}

/// API reference, "Error responses": `XAmzContentSHA256Mismatch`.
async fn a_body_changed_after_it_was_signed_is_refused(stage: Stage) {
    stage.put("k", "the older object").await;
    let put = stage.signer().sign(stage.request("PUT", "k").body("as signed")).body("not so!!!");
    put.send().await.assert_refused(400, "XAmzContentSHA256Mismatch");
    assert_eq!(stage.text("k").await, "the older object");
}

async fn a_body_that_is_not_signed_is_taken(stage: Stage) {
    let put = stage.request("PUT", "k").header("x-amz-content-sha256", UNSIGNED_PAYLOAD).body("trusted");
    stage.signer().sign(put).send().await.assert_done();
    assert_eq!(stage.text("k").await, "trusted");
}
