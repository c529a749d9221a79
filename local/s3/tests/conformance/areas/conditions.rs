//! Conditions: requests that are carried out only if the object is, or is not, what the caller thinks it is.
//!
//! User guide, "Add preconditions to S3 operations with conditional requests". The convergence of thumbnails rests on the
//! conditional writes and deletions here; that they hold under a race is in [`super::races`].

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use crate::report::cases;
use crate::stage::{Stage, assert_refused, assert_status, status};

cases![
    a_put_if_none_match_star_creates_and_never_replaces,
    a_put_if_match_replaces_only_that_version,
    a_put_if_match_of_an_absent_key_is_not_found,
    a_put_if_none_match_of_an_etag_is_not_implemented,
    a_refused_put_changes_neither_bytes_nor_metadata,
    an_etag_in_a_condition_may_stand_without_quotes,
    a_delete_if_match_removes_only_that_version,
    a_delete_if_match_star_needs_an_object,
    a_deletion_of_many_takes_a_condition_for_each,
    a_get_if_match_needs_that_version,
    a_get_if_none_match_of_the_same_version_is_not_modified,
    a_get_by_date_compares_whole_seconds,
    a_head_takes_the_same_conditions_as_a_get,
    an_etag_that_matches_outweighs_a_date_that_does_not,
    an_etag_that_is_the_same_outweighs_a_date_that_is_not,
    a_completion_if_none_match_star_never_replaces,
    a_completion_if_match_replaces_only_that_version,
];

const OTHER: &str = "\"00000000000000000000000000000000\"";

async fn a_put_if_none_match_star_creates_and_never_replaces(stage: Stage) {
    let put = |body: &'static [u8]| {
        let put = stage.s3.put_object().bucket(&stage.bucket).key("k").if_none_match("*");
        put.body(ByteStream::from_static(body)).send()
    };
    put(b"first").await.unwrap();
    assert_refused(put(b"second").await, 412, "PreconditionFailed");
    assert_eq!(stage.text("k").await, "first");
    stage.s3.delete_object().bucket(&stage.bucket).key("k").send().await.unwrap();
    put(b"third").await.unwrap();
    assert_eq!(stage.text("k").await, "third");
}

async fn a_put_if_match_replaces_only_that_version(stage: Stage) {
    let first = stage.put("k", "first").await;
    let put = |etag: &str, body: &'static [u8]| {
        let put = stage.s3.put_object().bucket(&stage.bucket).key("k").if_match(etag);
        put.body(ByteStream::from_static(body)).send()
    };
    assert_refused(put(OTHER, b"wrong").await, 412, "PreconditionFailed");
    let second = put(&first, b"second").await.unwrap().e_tag.unwrap();
    assert_refused(put(&first, b"late").await, 412, "PreconditionFailed");
    assert_eq!(stage.text("k").await, "second");
    put(&second, b"third").await.unwrap();
    assert_eq!(stage.text("k").await, "third");
}

/// User guide, "How to prevent object overwrites with conditional writes": 404 where no such object exists.
async fn a_put_if_match_of_an_absent_key_is_not_found(stage: Stage) {
    let put = stage.s3.put_object().bucket(&stage.bucket).key("k").if_match(OTHER);
    assert_refused(put.body(ByteStream::from_static(b"x")).send().await, 404, "NoSuchKey");
    assert!(stage.keys().await.is_empty());
}

/// API reference, `PutObject`: If-None-Match "expects the '*' character".
async fn a_put_if_none_match_of_an_etag_is_not_implemented(stage: Stage) {
    stage.put("k", "first").await;
    let put = stage.s3.put_object().bucket(&stage.bucket).key("k").if_none_match(OTHER);
    assert_refused(put.body(ByteStream::from_static(b"second")).send().await, 501, "NotImplemented");
    assert_eq!(stage.text("k").await, "first");
}

async fn a_refused_put_changes_neither_bytes_nor_metadata(stage: Stage) {
    let put = stage.s3.put_object().bucket(&stage.bucket).key("k").body(ByteStream::from_static(b"first"));
    put.metadata("version", "1").content_type("image/png").send().await.unwrap();
    let before = stage.s3.head_object().bucket(&stage.bucket).key("k").send().await.unwrap();
    let put = stage.s3.put_object().bucket(&stage.bucket).key("k").body(ByteStream::from_static(b"second"));
    let put = put.metadata("version", "2").content_type("image/gif").if_match(OTHER);
    assert_refused(put.send().await, 412, "PreconditionFailed");
    let after = stage.s3.head_object().bucket(&stage.bucket).key("k").send().await.unwrap();
    assert_eq!((after.e_tag, after.metadata), (before.e_tag, before.metadata));
    assert_eq!((after.content_type, after.last_modified), (before.content_type, before.last_modified));
}

/// The examples of the user guide give `--if-match` without quotes.
async fn an_etag_in_a_condition_may_stand_without_quotes(stage: Stage) {
    let etag = stage.put("k", "first").await;
    let bare = etag.trim_matches('"');
    stage.s3.get_object().bucket(&stage.bucket).key("k").if_match(bare).send().await.unwrap();
    let put = stage.s3.put_object().bucket(&stage.bucket).key("k").if_match(bare);
    put.body(ByteStream::from_static(b"first")).send().await.unwrap();
    stage.s3.delete_object().bucket(&stage.bucket).key("k").if_match(bare).send().await.unwrap();
    assert!(!stage.has("k").await);
}

/// User guide, "How to perform conditional deletes".
async fn a_delete_if_match_removes_only_that_version(stage: Stage) {
    let first = stage.put("k", "first").await;
    let second = stage.put("k", "second").await;
    let delete = |etag: &str| stage.s3.delete_object().bucket(&stage.bucket).key("k").if_match(etag).send();
    assert_refused(delete(&first).await, 412, "PreconditionFailed");
    assert_eq!(stage.text("k").await, "second");
    delete(&second).await.unwrap();
    assert!(!stage.has("k").await);
}

/// The guide names 412 for a condition that fails and 404 for an object that is gone; which of them an absent key gets
/// is not said, so either is right. Success is not.
async fn a_delete_if_match_star_needs_an_object(stage: Stage) {
    let delete = |etag: &str| stage.s3.delete_object().bucket(&stage.bucket).key("k").if_match(etag).send();
    for condition in ["*", OTHER] {
        let refused = delete(condition).await.expect_err("nothing is there to match");
        assert!([404, 412].contains(&status(&refused)), "{refused:?}");
    }
    stage.put("k", "here").await;
    delete("*").await.unwrap();
    assert!(!stage.has("k").await);
}

async fn a_deletion_of_many_takes_a_condition_for_each(stage: Stage) {
    let right = stage.put("right", "x").await;
    stage.put("wrong", "y").await;
    stage.put("unconditional", "z").await;
    let object = |key: &str, etag: Option<&str>| {
        ObjectIdentifier::builder().key(key).set_e_tag(etag.map(ToOwned::to_owned)).build().unwrap()
    };
    let delete =
        Delete::builder().objects(object("right", Some(&right))).objects(object("wrong", Some(OTHER)));
    let delete = delete.objects(object("unconditional", None)).build().unwrap();
    let done = stage.s3.delete_objects().bucket(&stage.bucket).delete(delete).send().await.unwrap();
    let mut deleted: Vec<_> = done.deleted().iter().filter_map(|object| object.key()).collect();
    deleted.sort_unstable();
    assert_eq!(deleted, ["right", "unconditional"]);
    let refused: Vec<_> = done.errors().iter().map(|error| (error.key(), error.code())).collect();
    assert_eq!(refused, [(Some("wrong"), Some("PreconditionFailed"))]);
    assert_eq!(stage.keys().await, ["wrong"]);
}

async fn a_get_if_match_needs_that_version(stage: Stage) {
    let etag = stage.put("k", "x").await;
    let get = |etag: &str| stage.s3.get_object().bucket(&stage.bucket).key("k").if_match(etag).send();
    get(&etag).await.unwrap();
    assert_refused(get(OTHER).await, 412, "PreconditionFailed");
}

async fn a_get_if_none_match_of_the_same_version_is_not_modified(stage: Stage) {
    let etag = stage.put("k", "x").await;
    let answer = stage.signer().sign(stage.request("GET", "k").header("if-none-match", &etag)).send().await;
    assert_eq!((answer.status, answer.body.len()), (304, 0), "{answer:?}");
    assert_eq!(answer.header("etag"), etag);
    let get = |etag: &str| stage.s3.get_object().bucket(&stage.bucket).key("k").if_none_match(etag).send();
    get(OTHER).await.unwrap();
}

async fn a_get_by_date_compares_whole_seconds(stage: Stage) {
    stage.put("k", "x").await;
    let modified =
        stage.s3.head_object().bucket(&stage.bucket).key("k").send().await.unwrap().last_modified.unwrap();
    let (then, before) = (modified.secs(), DateTime::from_secs(modified.secs() - 1));
    let then = DateTime::from_secs(then);
    let get = || stage.s3.get_object().bucket(&stage.bucket).key("k");
    assert_status(get().if_modified_since(then).send().await, 304);
    get().if_modified_since(before).send().await.unwrap();
    get().if_unmodified_since(then).send().await.unwrap();
    assert_refused(get().if_unmodified_since(before).send().await, 412, "PreconditionFailed");
}

async fn a_head_takes_the_same_conditions_as_a_get(stage: Stage) {
    let etag = stage.put("k", "x").await;
    let head = || stage.s3.head_object().bucket(&stage.bucket).key("k");
    head().if_match(&etag).send().await.unwrap();
    assert_status(head().if_match(OTHER).send().await, 412);
    assert_status(head().if_none_match(&etag).send().await, 304);
    let past = DateTime::from_secs(1_000_000_000);
    assert_status(head().if_unmodified_since(past).send().await, 412);
    head().if_modified_since(past).send().await.unwrap();
}

/// API reference, `GetObject`: If-Match true and If-Unmodified-Since false gives 200.
async fn an_etag_that_matches_outweighs_a_date_that_does_not(stage: Stage) {
    let etag = stage.put("k", "x").await;
    let get = stage.s3.get_object().bucket(&stage.bucket).key("k").if_match(&etag);
    get.if_unmodified_since(DateTime::from_secs(1_000_000_000)).send().await.unwrap();
}

/// API reference, `GetObject`: If-None-Match false and If-Modified-Since true gives 304.
async fn an_etag_that_is_the_same_outweighs_a_date_that_is_not(stage: Stage) {
    let etag = stage.put("k", "x").await;
    let get = stage.s3.get_object().bucket(&stage.bucket).key("k").if_none_match(&etag);
    assert_status(get.if_modified_since(DateTime::from_secs(1_000_000_000)).send().await, 304);
}

async fn a_completion_if_none_match_star_never_replaces(stage: Stage) {
    let upload = stage.begin("k").await;
    let part = stage.part("k", &upload, 1, "in parts").await;
    stage.put("k", "was quicker").await;
    let complete = || {
        let complete = stage.s3.complete_multipart_upload().bucket(&stage.bucket).key("k").upload_id(&upload);
        complete.multipart_upload(Stage::parts(vec![part.clone()])).if_none_match("*")
    };
    assert_refused(complete().send().await, 412, "PreconditionFailed");
    assert_eq!(stage.text("k").await, "was quicker");
    stage.s3.delete_object().bucket(&stage.bucket).key("k").send().await.unwrap();
    complete().send().await.expect("the upload survives a condition that failed");
    assert_eq!(stage.text("k").await, "in parts");
}

async fn a_completion_if_match_replaces_only_that_version(stage: Stage) {
    let etag = stage.put("k", "first").await;
    let upload = stage.begin("k").await;
    let part = stage.part("k", &upload, 1, "in parts").await;
    let complete = |etag: &str| {
        let complete = stage.s3.complete_multipart_upload().bucket(&stage.bucket).key("k").upload_id(&upload);
        complete.multipart_upload(Stage::parts(vec![part.clone()])).if_match(etag).send()
    };
    assert_refused(complete(OTHER).await, 412, "PreconditionFailed");
    assert_eq!(stage.text("k").await, "first");
    complete(&etag).await.unwrap();
    assert_eq!(stage.text("k").await, "in parts");
}
