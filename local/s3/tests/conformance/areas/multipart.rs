//! Multipart uploads, from their creation to what they leave. The rules on single parts are in [`super::parts`].

use aws_sdk_s3::types::CompletedPart;
use md5::{Digest as _, Md5};

use crate::report::cases;
use crate::signing::hex;
use crate::stage::{Stage, assert_refused, assert_status};

cases![
    parts_become_one_object_with_an_etag_that_counts_them,
    parts_may_arrive_in_any_order_and_skip_numbers,
    nothing_is_visible_before_the_completion,
    an_upload_keeps_what_was_said_at_its_creation,
    a_completed_upload_replaces_the_object,
    a_completion_names_bucket_key_and_etag,
    a_completed_upload_is_over,
    an_aborted_upload_leaves_nothing,
    two_uploads_to_one_key_do_not_mix,
    uploads_under_way_are_listed,
    an_upload_that_never_was_is_no_such_upload,
    an_upload_belongs_to_its_key,
    completing_without_parts_is_malformed,
    a_single_small_part_is_enough,
];

/// The least size of every part but the last (user guide, "Amazon S3 multipart upload limits").
pub(super) const LEAST: usize = 5 * 1024 * 1024;

/// The `ETag` of an upload in parts (user guide, "Checking object integrity"): the MD5 of their MD5s, and their number.
fn etag_of(parts: &[&[u8]]) -> String {
    let digests: Vec<u8> = parts.iter().flat_map(Md5::digest).collect();
    let digest = hex(&Md5::digest(digests));
    format!("\"{digest}-{}\"", parts.len())
}

async fn parts_become_one_object_with_an_etag_that_counts_them(stage: Stage) {
    let (one, two, three) = (vec![1; LEAST], vec![2; LEAST + 1], b"the end".to_vec());
    let upload = stage.begin("k").await;
    let mut parts = Vec::new();
    for (number, bytes) in [(1, &one), (2, &two), (3, &three)] {
        parts.push(stage.part("k", &upload, number, bytes.clone()).await);
    }
    stage.complete("k", &upload, parts).await.unwrap();
    let head = stage.s3.head_object().bucket(&stage.bucket).key("k").send().await.unwrap();
    assert_eq!(head.e_tag, Some(etag_of(&[&one, &two, &three])));
    assert!(stage.bytes("k").await == [one, two, three].concat(), "the bytes differ");
    let listed = stage.s3.list_objects_v2().bucket(&stage.bucket).send().await.unwrap();
    assert_eq!((listed.contents()[0].e_tag.as_ref(), listed.contents().len()), (head.e_tag.as_ref(), 1));
}

async fn parts_may_arrive_in_any_order_and_skip_numbers(stage: Stage) {
    let upload = stage.begin("k").await;
    let last = stage.part("k", &upload, 10_000, "last").await;
    let first = stage.part("k", &upload, 7, vec![b'a'; LEAST]).await;
    stage.complete("k", &upload, vec![first, last]).await.unwrap();
    let bytes = stage.bytes("k").await;
    assert_eq!((bytes.len(), &bytes[LEAST - 1..]), (LEAST + 4, &b"alast"[..]));
}

async fn nothing_is_visible_before_the_completion(stage: Stage) {
    let upload = stage.begin("k").await;
    let part = stage.part("k", &upload, 1, "unseen").await;
    assert!(!stage.has("k").await);
    assert!(stage.keys().await.is_empty());
    assert_refused(stage.s3.get_object().bucket(&stage.bucket).key("k").send().await, 404, "NoSuchKey");
    stage.complete("k", &upload, vec![part]).await.unwrap();
    assert_eq!(stage.text("k").await, "unseen");
}

async fn an_upload_keeps_what_was_said_at_its_creation(stage: Stage) {
    let create = stage.s3.create_multipart_upload().bucket(&stage.bucket).key("k").content_type("image/webp");
    let create = create.cache_control("no-store").metadata("album", "one").send().await.unwrap();
    let upload = create.upload_id.unwrap();
    let part = stage.part("k", &upload, 1, "x").await;
    stage.complete("k", &upload, vec![part]).await.unwrap();
    let head = stage.s3.head_object().bucket(&stage.bucket).key("k").send().await.unwrap();
    assert_eq!(head.content_type.as_deref(), Some("image/webp"));
    assert_eq!(head.cache_control.as_deref(), Some("no-store"));
    assert_eq!(head.metadata.unwrap().get("album").map(String::as_str), Some("one"));
}

async fn a_completed_upload_replaces_the_object(stage: Stage) {
    stage.put("k", "older").await;
    let upload = stage.begin("k").await;
    let part = stage.part("k", &upload, 1, "newer").await;
    assert_eq!(stage.text("k").await, "older");
    stage.complete("k", &upload, vec![part]).await.unwrap();
    assert_eq!(stage.text("k").await, "newer");
    assert_eq!(stage.keys().await, ["k"]);
}

async fn a_completion_names_bucket_key_and_etag(stage: Stage) {
    let key = "ünï/a b+c.jpg";
    let upload = stage.begin(key).await;
    let part = stage.part(key, &upload, 1, "x").await;
    let done = stage.complete(key, &upload, vec![part]).await.unwrap();
    assert_eq!((done.bucket(), done.key()), (Some(&*stage.bucket), Some(key)));
    assert_eq!(done.e_tag(), Some(&*etag_of(&[b"x"])));
}

async fn a_completed_upload_is_over(stage: Stage) {
    let upload = stage.begin("k").await;
    let part = stage.part("k", &upload, 1, "x").await;
    stage.complete("k", &upload, vec![part]).await.unwrap();
    let listed = stage.s3.list_parts().bucket(&stage.bucket).key("k").upload_id(&upload).send().await;
    assert_refused(listed, 404, "NoSuchUpload");
    let uploads = stage.s3.list_multipart_uploads().bucket(&stage.bucket).send().await.unwrap();
    assert_eq!(uploads.uploads().len(), 0);
}

async fn an_aborted_upload_leaves_nothing(stage: Stage) {
    stage.put("k", "older").await;
    let upload = stage.begin("k").await;
    let part = stage.part("k", &upload, 1, "never seen").await;
    let abort = || stage.s3.abort_multipart_upload().bucket(&stage.bucket).key("k").upload_id(&upload);
    abort().send().await.unwrap();
    assert_refused(stage.complete("k", &upload, vec![part]).await, 404, "NoSuchUpload");
    let late = stage.s3.upload_part().bucket(&stage.bucket).key("k").upload_id(&upload).part_number(2);
    assert_refused(late.body(b"late".to_vec().into()).send().await, 404, "NoSuchUpload");
    let uploads = stage.s3.list_multipart_uploads().bucket(&stage.bucket).send().await.unwrap();
    assert_eq!(uploads.uploads().len(), 0);
    assert_eq!(stage.text("k").await, "older");
}

async fn two_uploads_to_one_key_do_not_mix(stage: Stage) {
    let (one, two) = (stage.begin("k").await, stage.begin("k").await);
    assert_ne!(one, two);
    let of_one = stage.part("k", &one, 1, "one").await;
    let of_two = stage.part("k", &two, 1, "two").await;
    stage.complete("k", &one, vec![of_one]).await.unwrap();
    assert_eq!(stage.text("k").await, "one");
    stage.complete("k", &two, vec![of_two]).await.unwrap();
    assert_eq!(stage.text("k").await, "two");
}

async fn uploads_under_way_are_listed(stage: Stage) {
    let b = stage.begin("photos/b").await;
    let a = stage.begin("photos/a").await;
    stage.begin("other").await;
    let listed =
        stage.s3.list_multipart_uploads().bucket(&stage.bucket).prefix("photos/").send().await.unwrap();
    let uploads: Vec<_> = listed.uploads().iter().map(|upload| (upload.key(), upload.upload_id())).collect();
    assert_eq!(uploads, [(Some("photos/a"), Some(&*a)), (Some("photos/b"), Some(&*b))]);
    assert!(listed.uploads()[0].initiated().is_some());
    let all = stage.s3.list_multipart_uploads().bucket(&stage.bucket).delimiter("/").send().await.unwrap();
    assert_eq!((all.uploads().len(), all.common_prefixes().len()), (1, 1));
}

async fn an_upload_that_never_was_is_no_such_upload(stage: Stage) {
    let (s3, bucket, id) = (&stage.s3, &stage.bucket, "never-was");
    let part = CompletedPart::builder().part_number(1).e_tag("\"0123456789abcdef0123456789abcdef\"").build();
    assert_refused(stage.complete("k", id, vec![part]).await, 404, "NoSuchUpload");
    let abort = s3.abort_multipart_upload().bucket(bucket).key("k").upload_id(id).send().await;
    assert_refused(abort, 404, "NoSuchUpload");
    assert_refused(s3.list_parts().bucket(bucket).key("k").upload_id(id).send().await, 404, "NoSuchUpload");
    let part =
        s3.upload_part().bucket(bucket).key("k").upload_id(id).part_number(1).body(b"x".to_vec().into());
    assert_refused(part.send().await, 404, "NoSuchUpload");
}

async fn an_upload_belongs_to_its_key(stage: Stage) {
    let upload = stage.begin("mine").await;
    let part = stage.part("mine", &upload, 1, "x").await;
    assert_refused(stage.complete("yours", &upload, vec![part.clone()]).await, 404, "NoSuchUpload");
    assert_status(stage.s3.head_object().bucket(&stage.bucket).key("yours").send().await, 404);
    stage.complete("mine", &upload, vec![part]).await.unwrap();
}

async fn completing_without_parts_is_malformed(stage: Stage) {
    let upload = stage.begin("k").await;
    stage.part("k", &upload, 1, "x").await;
    assert_refused(stage.complete("k", &upload, vec![]).await, 400, "MalformedXML");
    assert!(stage.keys().await.is_empty());
}

async fn a_single_small_part_is_enough(stage: Stage) {
    let upload = stage.begin("k").await;
    let part = stage.part("k", &upload, 1, "").await;
    stage.complete("k", &upload, vec![part]).await.unwrap();
    assert_eq!(stage.text("k").await, "");
}
