//! `CopyObject`: a new object out of an old one, without its bytes leaving S3.

use aws_sdk_s3::operation::copy_object::builders::CopyObjectFluentBuilder;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::MetadataDirective;

use crate::report::cases;
use crate::stage::{Stage, assert_refused};
use crate::wire::percent_encode;

cases![
    a_copy_has_the_bytes_etag_and_metadata_of_its_source,
    a_copy_may_replace_the_metadata,
    a_copy_onto_itself_must_change_something,
    a_copy_onto_itself_may_replace_the_metadata,
    a_copy_goes_from_one_bucket_to_another,
    a_copy_outlives_its_source,
    a_copy_replaces_what_was_there,
    the_source_may_be_named_with_a_leading_slash,
    a_copy_of_an_absent_source_is_no_such_key,
    a_copy_takes_conditions_on_its_source,
    a_copy_takes_conditions_on_its_target,
];

fn copy(stage: &Stage, from: &str, to: &str) -> CopyObjectFluentBuilder {
    let source = format!("{}/{}", stage.bucket, percent_encode(from, true));
    stage.s3.copy_object().bucket(&stage.bucket).key(to).copy_source(source)
}

async fn put_with_metadata(stage: &Stage, key: &str) -> String {
    let put =
        stage.s3.put_object().bucket(&stage.bucket).key(key).body(ByteStream::from_static(b"a picture"));
    let put = put.content_type("image/png").cache_control("max-age=1").metadata("colour", "red");
    put.send().await.unwrap().e_tag.unwrap()
}

async fn a_copy_has_the_bytes_etag_and_metadata_of_its_source(stage: Stage) {
    let etag = put_with_metadata(&stage, "ünï/a b+c%20.png").await;
    let copied = copy(&stage, "ünï/a b+c%20.png", "to").send().await.unwrap().copy_object_result.unwrap();
    assert_eq!(copied.e_tag(), Some(&*etag));
    assert!(copied.last_modified.is_some());
    let got = stage.s3.get_object().bucket(&stage.bucket).key("to").send().await.unwrap();
    assert_eq!((got.e_tag.as_deref(), got.content_type.as_deref()), (Some(&*etag), Some("image/png")));
    assert_eq!(got.cache_control.as_deref(), Some("max-age=1"));
    assert_eq!(got.metadata.as_ref().unwrap().get("colour").map(String::as_str), Some("red"));
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"a picture");
}

async fn a_copy_may_replace_the_metadata(stage: Stage) {
    put_with_metadata(&stage, "from").await;
    let copy = copy(&stage, "from", "to").metadata_directive(MetadataDirective::Replace);
    copy.content_type("image/gif").metadata("size", "small").send().await.unwrap();
    let head = stage.s3.head_object().bucket(&stage.bucket).key("to").send().await.unwrap();
    assert_eq!((head.content_type.as_deref(), head.cache_control), (Some("image/gif"), None));
    let metadata = head.metadata.unwrap();
    assert_eq!((metadata.len(), metadata.get("size").map(String::as_str)), (1, Some("small")));
}

async fn a_copy_onto_itself_must_change_something(stage: Stage) {
    put_with_metadata(&stage, "k").await;
    assert_refused(copy(&stage, "k", "k").send().await, 400, "InvalidRequest");
    assert_eq!(stage.text("k").await, "a picture");
}

async fn a_copy_onto_itself_may_replace_the_metadata(stage: Stage) {
    let etag = put_with_metadata(&stage, "k").await;
    let copy =
        copy(&stage, "k", "k").metadata_directive(MetadataDirective::Replace).metadata("colour", "blue");
    copy.send().await.unwrap();
    let head = stage.s3.head_object().bucket(&stage.bucket).key("k").send().await.unwrap();
    assert_eq!(head.e_tag, Some(etag));
    assert_eq!(head.metadata.unwrap().get("colour").map(String::as_str), Some("blue"));
    assert_eq!(stage.text("k").await, "a picture");
}

async fn a_copy_goes_from_one_bucket_to_another(stage: Stage) {
    let other = format!("{}-2", stage.bucket);
    stage.s3.create_bucket().bucket(&other).send().await.unwrap();
    stage.put("k", "travels").await;
    let copy = stage.s3.copy_object().bucket(&other).key("k/too").copy_source(format!("{}/k", stage.bucket));
    copy.send().await.unwrap();
    let got = stage.s3.get_object().bucket(&other).key("k/too").send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"travels");
    assert_eq!(stage.keys().await, ["k"]);
}

async fn a_copy_outlives_its_source(stage: Stage) {
    stage.put("from", "the first bytes").await;
    copy(&stage, "from", "to").send().await.unwrap();
    stage.put("from", "others").await;
    assert_eq!(stage.text("to").await, "the first bytes");
    stage.s3.delete_object().bucket(&stage.bucket).key("from").send().await.unwrap();
    assert_eq!(stage.text("to").await, "the first bytes");
}

async fn a_copy_replaces_what_was_there(stage: Stage) {
    stage.put("from", "new").await;
    put_with_metadata(&stage, "to").await;
    copy(&stage, "from", "to").send().await.unwrap();
    assert_eq!(stage.text("to").await, "new");
    let head = stage.s3.head_object().bucket(&stage.bucket).key("to").send().await.unwrap();
    assert!(head.metadata.unwrap_or_default().is_empty());
}

async fn the_source_may_be_named_with_a_leading_slash(stage: Stage) {
    stage.put("a/b", "x").await;
    stage.put("/a/b", "of the key with a slash of its own").await;
    let copy =
        |source: String| stage.s3.copy_object().bucket(&stage.bucket).key("to").copy_source(source).send();
    copy(format!("/{}/a/b", stage.bucket)).await.unwrap();
    assert_eq!(stage.text("to").await, "x");
    copy(format!("/{}//a/b", stage.bucket)).await.unwrap();
    assert_eq!(stage.text("to").await, "of the key with a slash of its own");
}

async fn a_copy_of_an_absent_source_is_no_such_key(stage: Stage) {
    stage.put("to", "stays").await;
    assert_refused(copy(&stage, "absent", "to").send().await, 404, "NoSuchKey");
    let copy =
        stage.s3.copy_object().bucket(&stage.bucket).key("to").copy_source("no-such-bucket-anywhere/k");
    assert_refused(copy.send().await, 404, "NoSuchBucket");
    assert_eq!(stage.text("to").await, "stays");
}

/// API reference, `CopyObject`: 412 where one of the `x-amz-copy-source-if-*` conditions fails.
async fn a_copy_takes_conditions_on_its_source(stage: Stage) {
    let etag = stage.put("from", "x").await;
    let other = "\"00000000000000000000000000000000\"";
    let past = DateTime::from_secs(1_000_000_000);
    let ask = || copy(&stage, "from", "to");
    assert_refused(ask().copy_source_if_match(other).send().await, 412, "PreconditionFailed");
    assert_refused(ask().copy_source_if_none_match(&etag).send().await, 412, "PreconditionFailed");
    assert_refused(ask().copy_source_if_unmodified_since(past).send().await, 412, "PreconditionFailed");
    assert_eq!(stage.keys().await, ["from"]);
    ask().copy_source_if_match(&etag).copy_source_if_modified_since(past).send().await.unwrap();
    ask().copy_source_if_none_match(other).send().await.unwrap();
    assert_eq!(stage.text("to").await, "x");
}

/// User guide, "How to prevent object overwrites with conditional writes", names `CopyObject` too.
async fn a_copy_takes_conditions_on_its_target(stage: Stage) {
    stage.put("from", "x").await;
    let etag = stage.put("to", "y").await;
    assert_refused(copy(&stage, "from", "to").if_none_match("*").send().await, 412, "PreconditionFailed");
    let of_the_source =
        stage.s3.head_object().bucket(&stage.bucket).key("from").send().await.unwrap().e_tag.unwrap();
    assert_refused(
        copy(&stage, "from", "to").if_match(of_the_source).send().await,
        412,
        "PreconditionFailed",
    );
    assert_eq!(stage.text("to").await, "y");
    copy(&stage, "from", "to").if_match(etag).send().await.unwrap();
    assert_eq!(stage.text("to").await, "x");
    copy(&stage, "from", "elsewhere").if_none_match("*").send().await.unwrap();
}
