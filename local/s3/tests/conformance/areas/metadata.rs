//! What is kept beside the bytes: system metadata, user metadata, tags.

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::ObjectAttributes;

use crate::report::cases;
use crate::stage::{Stage, assert_refused};

cases![
    user_metadata_comes_back_under_lower_case_names,
    system_metadata_comes_back_as_it_was_given,
    an_object_without_a_type_is_binary,
    more_than_two_kilobytes_of_user_metadata_are_refused,
    a_get_may_ask_for_other_response_headers,
    the_attributes_that_are_asked_for_are_given,
    tags_given_with_an_object_are_its_tags,
    an_object_without_tags_has_an_empty_tag_set,
];

/// User guide, "Working with object metadata": names are stored in lower case.
async fn user_metadata_comes_back_under_lower_case_names(stage: Stage) {
    let put = stage
        .request("PUT", "k")
        .header("x-amz-meta-Colour-Space", "sRGB, mostly")
        .header("x-amz-meta-n", "1");
    stage.signer().sign(put.body("x")).send().await.assert_done();
    let head = stage.s3.head_object().bucket(&stage.bucket).key("k").send().await.unwrap();
    let metadata = head.metadata.unwrap();
    assert_eq!(metadata.len(), 2, "{metadata:?}");
    assert_eq!(metadata.get("colour-space").map(String::as_str), Some("sRGB, mostly"));
    assert_eq!(metadata.get("n").map(String::as_str), Some("1"));
}

async fn system_metadata_comes_back_as_it_was_given(stage: Stage) {
    let put = stage.s3.put_object().bucket(&stage.bucket).key("k").body(ByteStream::from_static(b"x"));
    let put =
        put.content_type("image/jpeg; q=1").cache_control("public, max-age=60").content_encoding("identity");
    let put = put.content_disposition("inline; filename=\"a b.jpg\"").content_language("pt-BR");
    put.expires(DateTime::from_secs(2_000_000_000)).send().await.unwrap();
    let head = stage.signer().sign(stage.request("HEAD", "k")).send().await;
    assert_eq!(head.header("content-type"), "image/jpeg; q=1");
    assert_eq!(head.header("cache-control"), "public, max-age=60");
    assert_eq!(head.header("content-encoding"), "identity");
    assert_eq!(head.header("content-disposition"), "inline; filename=\"a b.jpg\"");
    assert_eq!(head.header("content-language"), "pt-BR");
    assert_eq!(head.header("expires"), "Wed, 18 May 2033 03:33:20 GMT");
}

/// User guide, "Working with object metadata": the default is `binary/octet-stream`.
async fn an_object_without_a_type_is_binary(stage: Stage) {
    stage.signer().sign(stage.request("PUT", "picture.jpg").body("x")).send().await.assert_done();
    let head = stage.s3.head_object().bucket(&stage.bucket).key("picture.jpg").send().await.unwrap();
    assert_eq!(head.content_type.as_deref(), Some("binary/octet-stream"));
}

/// User guide, "Working with object metadata": 2 KB, as the sum of the bytes of names and values.
async fn more_than_two_kilobytes_of_user_metadata_are_refused(stage: Stage) {
    let put = |bytes: usize| {
        let put = stage.s3.put_object().bucket(&stage.bucket).key("k").metadata("long", "v".repeat(bytes));
        put.body(ByteStream::from_static(b"x"))
    };
    assert_refused(put(2_045).send().await, 400, "MetadataTooLarge");
    assert!(stage.keys().await.is_empty());
    put(2_000).send().await.unwrap();
}

async fn a_get_may_ask_for_other_response_headers(stage: Stage) {
    stage.put("k", "x").await;
    let ask = stage.s3.get_object().bucket(&stage.bucket).key("k").response_content_type("text/html");
    let ask = ask.response_cache_control("no-cache").response_content_disposition("attachment");
    let got = ask.send().await.unwrap();
    assert_eq!(got.content_type.as_deref(), Some("text/html"));
    assert_eq!(got.cache_control.as_deref(), Some("no-cache"));
    assert_eq!(got.content_disposition.as_deref(), Some("attachment"));
}

/// API reference, `GetObjectAttributes`. The AWS CLI sends one header with commas, the SDK one header for each.
async fn the_attributes_that_are_asked_for_are_given(stage: Stage) {
    let etag = stage.put("k", "four").await;
    let ask = stage.s3.get_object_attributes().bucket(&stage.bucket).key("k");
    let ask = ask.object_attributes(ObjectAttributes::Etag).object_attributes(ObjectAttributes::ObjectSize);
    let attributes = ask.send().await.unwrap();
    // S3 gives it without quotes here, unlike everywhere else; its documentation does not say so.
    let (bare, given) = (etag.trim_matches('"'), attributes.e_tag().unwrap_or_default());
    assert_eq!((given.trim_matches('"'), attributes.object_size), (bare, Some(4)));
    assert_eq!(attributes.storage_class, None);
    let request = stage.request("GET", "k").query("attributes", "");
    let answer =
        stage.signer().sign(request.header("x-amz-object-attributes", "ETag,ObjectSize")).send().await;
    let given = answer.element("ETag").unwrap_or_default().replace("&quot;", "\"");
    assert_eq!(given.trim_matches('"'), bare, "{answer:?}");
    assert_eq!(answer.element("ObjectSize").as_deref(), Some("4"));
}

async fn tags_given_with_an_object_are_its_tags(stage: Stage) {
    let put = stage.s3.put_object().bucket(&stage.bucket).key("k").tagging("kind=photo%20album&n=1");
    put.body(ByteStream::from_static(b"x")).send().await.unwrap();
    let tags = stage.s3.get_object_tagging().bucket(&stage.bucket).key("k").send().await.unwrap();
    let mut tags: Vec<_> = tags.tag_set().iter().map(|tag| (tag.key(), tag.value())).collect();
    tags.sort_unstable();
    assert_eq!(tags, [("kind", "photo album"), ("n", "1")]);
}

async fn an_object_without_tags_has_an_empty_tag_set(stage: Stage) {
    stage.put("k", "x").await;
    let tags = stage.s3.get_object_tagging().bucket(&stage.bucket).key("k").send().await.unwrap();
    assert_eq!(tags.tag_set().len(), 0);
}
