//! Checksums: what does not arrive as it was sent is refused, and what it would have replaced is still there.
//!
//! User guide, "Checking object integrity". Bodies cut into chunks, whose checksum comes last, are in [`super::streams`].

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, CompletedPart};

use super::multipart::LEAST;
use crate::report::cases;
use crate::stage::{Stage, assert_refused};

cases![
    every_algorithm_is_kept_and_given_back,
    a_checksum_is_given_only_where_it_is_asked_for,
    a_wrong_checksum_is_refused_and_the_older_object_stays,
    a_checksum_that_is_none_is_refused,
    a_wrong_content_md5_is_refused_and_the_older_object_stays,
    a_content_md5_that_is_none_is_refused,
    a_right_content_md5_is_taken,
    a_part_with_a_wrong_checksum_is_refused,
    an_upload_in_parts_has_a_checksum_of_checksums,
];

/// Each algorithm's header, and a value of the right form that is not the checksum of what is sent.
const WRONG: &[(&str, &str)] = &[
    ("x-amz-checksum-crc32", "AAAAAA=="),
    ("x-amz-checksum-crc32c", "AAAAAA=="),
    ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA="),
    ("x-amz-checksum-sha1", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    ("x-amz-checksum-sha256", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
];

async fn every_algorithm_is_kept_and_given_back(stage: Stage) {
    use ChecksumAlgorithm::{Crc32, Crc32C, Crc64Nvme, Sha1, Sha256};
    // Of the nine bytes "123456789": the check values of the CRC catalogue, and the FIPS 180 digests.
    for (algorithm, expected) in [
        (Crc32, "y/Q5Jg=="),
        (Crc32C, "4waSgw=="),
        (Crc64Nvme, "rosUhgp5mIg="),
        (Sha1, "98O8HYCOBHMq32eZZczDTKeuNEE="),
        (Sha256, "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
    ] {
        let key = algorithm.as_str();
        let put = stage.s3.put_object().bucket(&stage.bucket).key(key).checksum_algorithm(algorithm.clone());
        put.body(ByteStream::from_static(b"123456789")).send().await.unwrap();
        let head = stage.s3.head_object().bucket(&stage.bucket).key(key).checksum_mode(ChecksumMode::Enabled);
        let head = head.send().await.unwrap();
        let kept = match algorithm {
            Crc32 => head.checksum_crc32,
            Crc32C => head.checksum_crc32_c,
            Crc64Nvme => head.checksum_crc64_nvme,
            Sha1 => head.checksum_sha1,
            _ => head.checksum_sha256,
        };
        assert_eq!(kept.as_deref(), Some(expected), "{key}");
    }
}

async fn a_checksum_is_given_only_where_it_is_asked_for(stage: Stage) {
    stage.put("k", "123456789").await;
    let plain = stage.s3.head_object().bucket(&stage.bucket).key("k").send().await.unwrap();
    assert_eq!(plain.checksum_crc32, None);
    let got = stage.s3.get_object().bucket(&stage.bucket).key("k").checksum_mode(ChecksumMode::Enabled);
    assert_eq!(got.send().await.unwrap().checksum_crc32.as_deref(), Some("y/Q5Jg=="));
}

async fn a_wrong_checksum_is_refused_and_the_older_object_stays(stage: Stage) {
    let etag = stage.put("k", "the older object").await;
    for (header, value) in WRONG {
        let put = stage.request("PUT", "k").header(header, value).body("123456789");
        let answer = stage.signer().sign(put).send().await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "BadDigest"), "{header}: {answer:?}");
        let head = stage.s3.head_object().bucket(&stage.bucket).key("k").send().await.unwrap();
        assert_eq!(head.e_tag.as_ref(), Some(&etag), "after {header}");
    }
    assert_eq!(stage.text("k").await, "the older object");
}

async fn a_checksum_that_is_none_is_refused(stage: Stage) {
    for wrong in ["", "no base64!", "AAAAAAAA"] {
        let put = stage.request("PUT", "k").header("x-amz-checksum-crc32", wrong).body("123456789");
        stage.signer().sign(put).send().await.assert_refused(400, "InvalidRequest");
    }
    assert!(stage.keys().await.is_empty());
}

async fn a_wrong_content_md5_is_refused_and_the_older_object_stays(stage: Stage) {
    stage.put("k", "the older object").await;
    let put = stage.request("PUT", "k").header("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==").body("123456789");
    stage.signer().sign(put).send().await.assert_refused(400, "BadDigest");
    assert_eq!(stage.text("k").await, "the older object");
}

async fn a_content_md5_that_is_none_is_refused(stage: Stage) {
    for wrong in ["no base64!", "AAAA"] {
        let put = stage.request("PUT", "k").header("content-md5", wrong).body("123456789");
        stage.signer().sign(put).send().await.assert_refused(400, "InvalidDigest");
    }
    assert!(stage.keys().await.is_empty());
}

async fn a_right_content_md5_is_taken(stage: Stage) {
    let put = stage.request("PUT", "k").header("content-md5", "JfnnlDI7RTiF9RgfG2JNCw==").body("123456789");
    stage.signer().sign(put).send().await.assert_done();
    assert_eq!(stage.text("k").await, "123456789");
}

async fn a_part_with_a_wrong_checksum_is_refused(stage: Stage) {
    let upload = stage.begin("k").await;
    let request = stage.request("PUT", "k").query("partNumber", "1").query("uploadId", &upload);
    let wrong = request.clone().header("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==").body("123456789");
    stage.signer().sign(wrong).send().await.assert_refused(400, "BadDigest");
    let wrong = request.header("x-amz-checksum-crc32", "AAAAAA==").body("123456789");
    stage.signer().sign(wrong).send().await.assert_refused(400, "BadDigest");
    let parts = stage.s3.list_parts().bucket(&stage.bucket).key("k").upload_id(&upload).send().await.unwrap();
    assert_eq!(parts.parts().len(), 0);
}

/// User guide, "Composite checksums": the checksum of the parts' checksums, and the number of parts.
async fn an_upload_in_parts_has_a_checksum_of_checksums(stage: Stage) {
    let create = stage.s3.create_multipart_upload().bucket(&stage.bucket).key("k");
    let create = create.checksum_algorithm(ChecksumAlgorithm::Sha256).send().await.unwrap();
    let upload = create.upload_id.unwrap();
    let mut parts = Vec::new();
    for (number, bytes) in [(1, vec![b'a'; LEAST]), (2, b"last".to_vec())] {
        let part =
            stage.s3.upload_part().bucket(&stage.bucket).key("k").upload_id(&upload).part_number(number);
        let part =
            part.checksum_algorithm(ChecksumAlgorithm::Sha256).body(bytes.into()).send().await.unwrap();
        let named = CompletedPart::builder().part_number(number).set_e_tag(part.e_tag);
        parts.push(named.set_checksum_sha256(part.checksum_sha256).build());
    }
    let mut wrong = parts.clone();
    wrong[1].checksum_sha256.clone_from(&parts[0].checksum_sha256);
    assert_refused(stage.complete("k", &upload, wrong).await, 400, "InvalidPart");
    stage.complete("k", &upload, parts).await.unwrap();
    let head = stage.s3.head_object().bucket(&stage.bucket).key("k").checksum_mode(ChecksumMode::Enabled);
    let kept = head.send().await.unwrap().checksum_sha256.unwrap();
    // SHA-256 of the SHA-256 of 5 MiB of `a` and that of `last`.
    assert_eq!(kept, "/ehbdRDxKoTsrDUdtunrOqcE55kE27jRAiChBaecOf8=-2");
}
