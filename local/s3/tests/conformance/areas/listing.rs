//! Listings: `ListObjectsV2` and `ListObjects`, and what each of their parameters does.
//!
//! How pages add up is in [`super::pages`].

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{EncodingType, ObjectStorageClass};
use futures::stream::{self, StreamExt as _};

use crate::report::cases;
use crate::stage::Stage;
use crate::wire::percent_encode;

cases![
    an_empty_bucket_lists_nothing_and_says_so,
    a_listing_names_key_size_etag_date_and_storage_class,
    a_listing_repeats_what_it_was_asked,
    a_prefix_need_not_end_at_a_delimiter,
    a_delimiter_rolls_keys_up_into_common_prefixes,
    a_delimiter_may_be_any_string,
    a_delimiter_is_looked_for_after_the_prefix,
    start_after_is_exclusive_and_need_not_exist,
    max_keys_of_zero_lists_nothing_and_is_not_truncated,
    a_page_never_holds_more_than_a_thousand_keys,
    the_key_count_includes_common_prefixes,
    v1_names_the_next_marker_only_with_a_delimiter,
    v1_after_a_common_prefix_as_marker_skips_all_of_it,
    url_encoding_applies_to_keys_prefixes_and_delimiters,
    the_owner_is_named_where_it_is_asked_for,
    a_max_keys_that_is_no_number_is_refused,
    a_continuation_token_that_was_never_given_is_refused,
];

fn keys(listed: &ListObjectsV2Output) -> Vec<&str> {
    listed.contents().iter().filter_map(|object| object.key()).collect()
}

fn prefixes(listed: &ListObjectsV2Output) -> Vec<&str> {
    listed.common_prefixes().iter().filter_map(|common| common.prefix()).collect()
}

async fn an_empty_bucket_lists_nothing_and_says_so(stage: Stage) {
    let listed = stage.s3.list_objects_v2().bucket(&stage.bucket).send().await.unwrap();
    assert_eq!((listed.contents().len(), listed.key_count, listed.is_truncated), (0, Some(0), Some(false)));
    assert_eq!(listed.next_continuation_token, None);
    let listed = stage.s3.list_objects().bucket(&stage.bucket).send().await.unwrap();
    assert_eq!((listed.contents().len(), listed.is_truncated), (0, Some(false)));
}

async fn a_listing_names_key_size_etag_date_and_storage_class(stage: Stage) {
    let etag = stage.put("k", "four").await;
    let listed = stage.s3.list_objects_v2().bucket(&stage.bucket).send().await.unwrap();
    let object = &listed.contents()[0];
    assert_eq!((object.key(), object.size, object.e_tag()), (Some("k"), Some(4), Some(&*etag)));
    assert!(object.last_modified.is_some());
    assert_eq!(object.storage_class.as_ref().map(ObjectStorageClass::as_str), Some("STANDARD"));
    assert_eq!(object.owner, None);
}

async fn a_listing_repeats_what_it_was_asked(stage: Stage) {
    stage.put("p/a", "").await;
    stage.put("p/b", "").await;
    let asked =
        stage.s3.list_objects_v2().bucket(&stage.bucket).prefix("p/").delimiter("/").start_after("p/0");
    let listed = asked.max_keys(1).send().await.unwrap();
    assert_eq!(listed.name(), Some(&*stage.bucket));
    assert_eq!(
        (listed.prefix(), listed.delimiter(), listed.start_after()),
        (Some("p/"), Some("/"), Some("p/0"))
    );
    assert_eq!((listed.max_keys, listed.key_count, listed.is_truncated), (Some(1), Some(1), Some(true)));
    let token = listed.next_continuation_token().unwrap();
    let asked = stage.s3.list_objects_v2().bucket(&stage.bucket).prefix("p/").continuation_token(token);
    let next = asked.send().await.unwrap();
    assert_eq!((next.continuation_token(), keys(&next)), (Some(token), vec!["p/b"]));
}

async fn a_prefix_need_not_end_at_a_delimiter(stage: Stage) {
    for key in ["photo", "photo-1", "photos/1", "phot", "other"] {
        stage.put(key, "").await;
    }
    let listed = stage.s3.list_objects_v2().bucket(&stage.bucket).prefix("photo").send().await.unwrap();
    assert_eq!(keys(&listed), ["photo", "photo-1", "photos/1"]);
    let listed =
        stage.s3.list_objects_v2().bucket(&stage.bucket).prefix("photo").delimiter("/").send().await.unwrap();
    assert_eq!((keys(&listed), prefixes(&listed)), (vec!["photo", "photo-1"], vec!["photos/"]));
}

async fn a_delimiter_rolls_keys_up_into_common_prefixes(stage: Stage) {
    for key in ["a", "a/1", "a/2/3", "b//c", "b/", "z"] {
        stage.put(key, "").await;
    }
    let listed = stage.s3.list_objects_v2().bucket(&stage.bucket).delimiter("/").send().await.unwrap();
    assert_eq!((keys(&listed), prefixes(&listed)), (vec!["a", "z"], vec!["a/", "b/"]));
    let listed =
        stage.s3.list_objects_v2().bucket(&stage.bucket).prefix("b/").delimiter("/").send().await.unwrap();
    assert_eq!((keys(&listed), prefixes(&listed)), (vec!["b/"], vec!["b//"]));
}

async fn a_delimiter_may_be_any_string(stage: Stage) {
    for key in ["2026-01-01", "2026-02-01", "2026", "20--26", "éàé1"] {
        stage.put(key, "").await;
    }
    for (delimiter, expected) in [("-", vec!["20-", "2026-"]), ("--", vec!["20--"]), ("àé", vec!["éàé"])]
    {
        let asked = stage.s3.list_objects_v2().bucket(&stage.bucket).delimiter(delimiter);
        assert_eq!(prefixes(&asked.send().await.unwrap()), expected, "delimiter {delimiter}");
    }
}

async fn a_delimiter_is_looked_for_after_the_prefix(stage: Stage) {
    for key in ["a/b/c", "a/b/d", "a/bc/d", "a/x"] {
        stage.put(key, "").await;
    }
    let listed =
        stage.s3.list_objects_v2().bucket(&stage.bucket).prefix("a/b").delimiter("/").send().await.unwrap();
    assert_eq!((keys(&listed), prefixes(&listed)), (vec![], vec!["a/b/", "a/bc/"]));
    let listed =
        stage.s3.list_objects_v2().bucket(&stage.bucket).prefix("a/b/").delimiter("/").send().await.unwrap();
    assert_eq!((keys(&listed), prefixes(&listed)), (vec!["a/b/c", "a/b/d"], vec![]));
}

async fn start_after_is_exclusive_and_need_not_exist(stage: Stage) {
    for key in ["a", "b", "c"] {
        stage.put(key, "").await;
    }
    for (start_after, expected) in
        [("a", &["b", "c"][..]), ("aa", &["b", "c"]), ("", &["a", "b", "c"]), ("c", &[])]
    {
        let asked = stage.s3.list_objects_v2().bucket(&stage.bucket).start_after(start_after);
        assert_eq!(keys(&asked.send().await.unwrap()), expected, "after {start_after:?}");
    }
}

async fn max_keys_of_zero_lists_nothing_and_is_not_truncated(stage: Stage) {
    stage.put("a", "").await;
    let listed = stage.s3.list_objects_v2().bucket(&stage.bucket).max_keys(0).send().await.unwrap();
    assert_eq!((keys(&listed), listed.is_truncated, listed.key_count), (vec![], Some(false), Some(0)));
}

/// API reference, `ListObjectsV2`: "by default … up to 1,000 key names", and never more.
async fn a_page_never_holds_more_than_a_thousand_keys(stage: Stage) {
    let puts = stream::iter(0..1_003).map(|n| {
        let stage = stage.clone();
        async move { stage.put(&format!("k{n:04}"), "").await }
    });
    puts.buffer_unordered(16).for_each(|_| async {}).await;
    for asked_for in [None, Some(5_000)] {
        let asked = stage.s3.list_objects_v2().bucket(&stage.bucket).set_max_keys(asked_for);
        let listed = asked.send().await.unwrap();
        assert_eq!(
            (listed.contents().len(), listed.is_truncated),
            (1_000, Some(true)),
            "asked for {asked_for:?}"
        );
    }
    let expected: Vec<_> = (0..1_003).map(|n| format!("k{n:04}")).collect();
    assert_eq!(stage.keys().await, expected);
}

async fn the_key_count_includes_common_prefixes(stage: Stage) {
    for key in ["a", "b/1", "b/2", "c/1"] {
        stage.put(key, "").await;
    }
    let listed = stage.s3.list_objects_v2().bucket(&stage.bucket).delimiter("/").send().await.unwrap();
    assert_eq!(listed.key_count, Some(3));
}

/// API reference, `ListObjects`: `NextMarker` is returned only with a delimiter; without one, the last key serves.
async fn v1_names_the_next_marker_only_with_a_delimiter(stage: Stage) {
    for key in ["a", "b", "c"] {
        stage.put(key, "").await;
    }
    let listed = stage.s3.list_objects().bucket(&stage.bucket).max_keys(2).send().await.unwrap();
    assert_eq!((listed.is_truncated, listed.next_marker()), (Some(true), None));
    let listed =
        stage.s3.list_objects().bucket(&stage.bucket).max_keys(2).delimiter("/").send().await.unwrap();
    assert_eq!((listed.is_truncated, listed.next_marker()), (Some(true), Some("b")));
}

async fn v1_after_a_common_prefix_as_marker_skips_all_of_it(stage: Stage) {
    for key in ["a/1", "a/2", "b"] {
        stage.put(key, "").await;
    }
    let first =
        stage.s3.list_objects().bucket(&stage.bucket).max_keys(1).delimiter("/").send().await.unwrap();
    assert_eq!((first.contents().len(), first.next_marker()), (0, Some("a/")));
    let asked = stage.s3.list_objects().bucket(&stage.bucket).max_keys(1).delimiter("/").marker("a/");
    let second = asked.send().await.unwrap();
    assert_eq!(second.common_prefixes().len(), 0);
    assert_eq!(second.contents()[0].key(), Some("b"));
    assert_eq!(second.is_truncated, Some(false));
}

async fn url_encoding_applies_to_keys_prefixes_and_delimiters(stage: Stage) {
    for key in ["ü &<>+%/1", "ü &<>+%/é|2"] {
        stage.put(key, "").await;
    }
    // S3 writes a space as `+` here, so a plus is always `%2B`; whoever decodes takes both `+` and `%20` for a space.
    let encoded = |text: &str| percent_encode(text, true).replace("%20", "+");
    let same = |listed: Option<&str>, plain: &str| {
        let listed = listed.unwrap_or_default().replace("%20", "+");
        assert_eq!(listed.to_lowercase(), encoded(plain).to_lowercase());
    };
    let ask = || stage.s3.list_objects_v2().bucket(&stage.bucket).encoding_type(EncodingType::Url);
    let listed = ask().prefix("ü &").delimiter("|").send().await.unwrap();
    assert_eq!(listed.encoding_type, Some(EncodingType::Url));
    same(listed.prefix(), "ü &");
    same(listed.delimiter(), "|");
    same(listed.contents()[0].key(), "ü &<>+%/1");
    same(listed.common_prefixes()[0].prefix(), "ü &<>+%/é|");
    let listed = ask().start_after("ü &<>+%/1").send().await.unwrap();
    same(listed.start_after(), "ü &<>+%/1");
    assert_eq!(listed.contents().len(), 1);
}

async fn the_owner_is_named_where_it_is_asked_for(stage: Stage) {
    stage.put("k", "").await;
    let listed = stage.s3.list_objects_v2().bucket(&stage.bucket).fetch_owner(true).send().await.unwrap();
    assert!(listed.contents()[0].owner().is_some_and(|owner| owner.id().is_some()), "{listed:?}");
    let listed = stage.s3.list_objects().bucket(&stage.bucket).send().await.unwrap();
    assert!(listed.contents()[0].owner().is_some_and(|owner| owner.id().is_some()), "{listed:?}");
}

async fn a_max_keys_that_is_no_number_is_refused(stage: Stage) {
    for wrong in ["many", "-1", "1.5"] {
        let request = stage.request("GET", "").query("list-type", "2").query("max-keys", wrong);
        stage.signer().sign(request).send().await.assert_refused(400, "InvalidArgument");
    }
}

async fn a_continuation_token_that_was_never_given_is_refused(stage: Stage) {
    stage.put("k", "").await;
    let request =
        stage.request("GET", "").query("list-type", "2").query("continuation-token", "never given!");
    stage.signer().sign(request).send().await.assert_refused(400, "InvalidArgument");
}
