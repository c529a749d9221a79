//! Keys: up to 1,024 bytes of UTF-8, each different from any other, none of them a path.
//!
//! User guide, "Naming Amazon S3 objects". Whatever its characters, a key must do the whole round: PUT, HEAD, GET, both
//! listings, COPY, DELETE. [`does_the_round`] is that.

use crate::report::cases;
use crate::stage::{Stage, assert_refused};
use crate::wire::percent_encode;

cases![
    a_key_with_a_space_and_a_plus,
    a_key_of_umlauts_han_and_an_emoji,
    a_key_with_two_slashes_in_a_row,
    a_key_with_a_slash_first,
    a_key_of_slashes_only,
    a_key_with_a_percent_sign,
    a_key_that_looks_percent_encoded,
    keys_that_would_climb_out_of_a_folder,
    keys_of_dots_only,
    a_key_beside_the_folder_of_the_same_name,
    a_key_with_a_trailing_slash_is_not_the_key_without,
    a_key_with_control_characters,
    a_key_with_quotes_and_markup,
    a_key_with_the_delimiters_of_urls,
    a_key_with_backslashes_and_colons,
    keys_of_nine_hundred_and_of_1024_bytes,
    a_key_of_1024_bytes_in_four_byte_characters,
    a_key_of_1025_bytes_is_too_long,
    keys_that_differ_in_case_are_different,
    keys_that_differ_in_unicode_normalisation_are_different,
    keys_that_differ_in_their_encoding_of_a_space_are_different,
    keys_are_listed_in_the_order_of_their_utf8_bytes,
];

/// Every door that a key passes through gives it back as it was.
async fn does_the_round(stage: &Stage, key: &str) {
    let (s3, bucket) = (&stage.s3, &stage.bucket);
    let bytes = format!("the object {key}");
    let etag = stage.put(key, bytes.clone()).await;
    assert_eq!(stage.text(key).await, bytes, "{key:?}");
    let head = s3.head_object().bucket(bucket).key(key).send().await.unwrap();
    assert_eq!(head.e_tag.as_deref(), Some(&*etag), "{key:?}");
    let v2 =
        s3.list_objects_v2().bucket(bucket).prefix(key).send().await.unwrap().contents.unwrap_or_default();
    let v1 = s3.list_objects().bucket(bucket).prefix(key).send().await.unwrap().contents.unwrap_or_default();
    assert_eq!(v2.first().and_then(|object| object.key.as_deref()), Some(key));
    assert_eq!(v1.first().and_then(|object| object.key.as_deref()), Some(key));
    let source = format!("{bucket}/{}", percent_encode(key, true));
    s3.copy_object().bucket(bucket).key("the copy").copy_source(source).send().await.unwrap();
    assert_eq!(stage.text("the copy").await, bytes, "the copy of {key:?}");
    s3.delete_object().bucket(bucket).key("the copy").send().await.unwrap();
}

/// The round for keys that are all there at once, and then for each its removal, which leaves the others alone.
async fn do_the_round(stage: &Stage, keys: &[&str]) {
    for key in keys {
        does_the_round(stage, key).await;
    }
    let mut left: Vec<_> = keys.iter().map(ToString::to_string).collect();
    left.sort_unstable();
    assert_eq!(stage.keys().await, left);
    for key in keys {
        assert_eq!(stage.text(key).await, format!("the object {key}"), "after the others came");
        stage.s3.delete_object().bucket(&stage.bucket).key(*key).send().await.unwrap();
        left.retain(|other| other != key);
        assert_eq!(stage.keys().await, left, "after {key:?} was deleted");
    }
}

async fn a_key_with_a_space_and_a_plus(stage: Stage) {
    do_the_round(&stage, &["a b+c.jpg"]).await;
}

async fn a_key_of_umlauts_han_and_an_emoji(stage: Stage) {
    do_the_round(&stage, &["ünï/日本 😀.jpg"]).await;
}

async fn a_key_with_two_slashes_in_a_row(stage: Stage) {
    do_the_round(&stage, &["x//y.jpg", "x/y.jpg", "x///y.jpg"]).await;
}

async fn a_key_with_a_slash_first(stage: Stage) {
    do_the_round(&stage, &["/lead.jpg", "lead.jpg", "//lead.jpg"]).await;
}

async fn a_key_of_slashes_only(stage: Stage) {
    do_the_round(&stage, &["/", "//"]).await;
}

async fn a_key_with_a_percent_sign(stage: Stage) {
    do_the_round(&stage, &["100%.png", "100%25.png"]).await;
}

async fn a_key_that_looks_percent_encoded(stage: Stage) {
    do_the_round(&stage, &["..%2F.jpg", "../.jpg", "%2e%2e%2f.jpg", "%00", "%zz"]).await;
}

async fn keys_that_would_climb_out_of_a_folder(stage: Stage) {
    do_the_round(&stage, &["../../escape", "x/../../y", "x/./y", "a/../b", "b", "..", "../.."]).await;
}

async fn keys_of_dots_only(stage: Stage) {
    do_the_round(&stage, &[".", "./", "..", "...", "a/.", "a/.."]).await;
}

async fn a_key_beside_the_folder_of_the_same_name(stage: Stage) {
    do_the_round(&stage, &["a/b", "a", "a/", "a/b/c"]).await;
}

async fn a_key_with_a_trailing_slash_is_not_the_key_without(stage: Stage) {
    stage.put("folder/", "").await;
    assert!(!stage.has("folder").await);
    stage.put("folder", "a file").await;
    assert_eq!(stage.keys().await, ["folder", "folder/"]);
    assert_eq!(stage.text("folder/").await, "");
    assert_eq!(stage.text("folder").await, "a file");
}

/// XML 1.0 cannot say most of these, which is what `encoding-type=url` is for (API reference, `ListObjectsV2`).
async fn a_key_with_control_characters(stage: Stage) {
    let keys = ["line\nfeed", "tab\tbed", "bell\u{7}", "one\u{1}", "return\r", "delete\u{7f}", "nel\u{85}"];
    for key in keys {
        stage.put(key, key).await;
        assert_eq!(stage.text(key).await, key, "{key:?}");
    }
    let mut expected: Vec<_> = keys.iter().map(|key| percent_encode(key, true)).collect();
    let encoded = aws_sdk_s3::types::EncodingType::Url;
    let listed =
        stage.s3.list_objects_v2().bucket(&stage.bucket).encoding_type(encoded).send().await.unwrap();
    let mut listed: Vec<_> = listed.contents.unwrap().into_iter().map(|object| object.key.unwrap()).collect();
    for key in expected.iter_mut().chain(&mut listed) {
        *key = key.to_uppercase();
    }
    expected.sort();
    listed.sort();
    assert_eq!(listed, expected);
}

async fn a_key_with_quotes_and_markup(stage: Stage) {
    do_the_round(&stage, &["\"double\" 'single' `back`.jpg", "<a>&amp;</a>&<>.jpg", "]]>.jpg", "<!-- -->"])
        .await;
}

async fn a_key_with_the_delimiters_of_urls(stage: Stage) {
    do_the_round(&stage, &["what?.jpg", "what?uploads", "#1.jpg", "a;b=c,d:e@f$g!h*i(j)k[l]{m}|n^o~p.jpg"])
        .await;
}

async fn a_key_with_backslashes_and_colons(stage: Stage) {
    do_the_round(&stage, &["C:\\photos\\..\\x.jpg", "C:/photos/x.jpg", "con", "\\"]).await;
}

async fn keys_of_nine_hundred_and_of_1024_bytes(stage: Stage) {
    let (nine_hundred, longest) = ("9".repeat(900), format!("{}/{}", "d".repeat(500), "f".repeat(523)));
    assert_eq!(longest.len(), 1024);
    do_the_round(&stage, &[&nine_hundred, &longest]).await;
}

async fn a_key_of_1024_bytes_in_four_byte_characters(stage: Stage) {
    do_the_round(&stage, &[&"😀".repeat(256)]).await;
}

async fn a_key_of_1025_bytes_is_too_long(stage: Stage) {
    // 1,025 characters, and 513 characters of 1,026 bytes: the limit is on bytes.
    for key in ["k".repeat(1025), "ü".repeat(513)] {
        let put = stage.s3.put_object().bucket(&stage.bucket).key(key).send().await;
        assert_refused(put, 400, "KeyTooLongError");
    }
    assert!(stage.keys().await.is_empty());
}

async fn keys_that_differ_in_case_are_different(stage: Stage) {
    do_the_round(&stage, &["Photo.JPG", "photo.jpg", "PHOTO.jpg"]).await;
}

async fn keys_that_differ_in_unicode_normalisation_are_different(stage: Stage) {
    do_the_round(&stage, &["caf\u{e9}.jpg", "cafe\u{301}.jpg", "\u{212b}", "\u{c5}"]).await;
}

async fn keys_that_differ_in_their_encoding_of_a_space_are_different(stage: Stage) {
    do_the_round(&stage, &["a b", "a+b", "a%20b", "a%2Bb"]).await;
}

/// User guide, "Listing object keys programmatically": UTF-8 binary order. In UTF-16 the last two would swap.
async fn keys_are_listed_in_the_order_of_their_utf8_bytes(stage: Stage) {
    let in_order = ["!", "A", "a", "a!", "a!/x", "a/", "a/b", "a0", "b", "~", "ä", "\u{ff5e}", "\u{1f600}"];
    for key in in_order.iter().rev() {
        stage.put(key, "").await;
    }
    assert_eq!(stage.keys().await, in_order);
}
