//! Pages: whatever the size of a page, what they hold together is the whole listing, in order, each entry once.
//!
//! The whole listing is computed here from the keys alone, by [`expected`], which is the documentation in fifteen lines.

use std::collections::BTreeSet;

use crate::report::cases;
use crate::stage::Stage;

cases![
    v2_pages_of_any_size_add_up_to_the_whole_listing,
    v2_pages_from_a_key_on_add_up_to_the_rest_of_the_listing,
    v1_pages_of_any_size_add_up_to_the_whole_listing,
    pages_hold_what_came_or_went_behind_their_token,
    a_page_that_ends_with_the_last_key_is_not_truncated,
];

/// Keys chosen so that a delimiter's roll-up, the order of bytes and the end of a page collide.
const KEYS: &[&str] = &[
    "!",
    "a",
    "a!",
    "a!/1",
    "a!/2",
    "a/",
    "a/!",
    "a/1",
    "a/b/1",
    "a/b/2",
    "a//",
    "a//b",
    "a0",
    "b+c/ d",
    "b+c/%",
    "b/",
    "photo",
    "photo-1/x",
    "photo/1",
    "photo/2",
    "z/z/z/z",
    "z/z/z/{",
    "ä/1",
    "日本/😀",
    "日本/１",
    "😀",
    "\u{ff5e}/",
];

/// What is listed of `KEYS`: keys and common prefixes, in one order.
fn expected(prefix: &str, delimiter: &str, after: &str) -> Vec<String> {
    let mut entries = BTreeSet::new();
    for key in KEYS.iter().filter(|key| key.starts_with(prefix) && **key > after) {
        let rest = &key[prefix.len()..];
        let end = if delimiter.is_empty() { None } else { rest.find(delimiter) };
        match end {
            Some(end) => entries.insert(key[..prefix.len() + end + delimiter.len()].to_owned()),
            None => entries.insert((*key).to_owned()),
        };
    }
    entries.into_iter().collect()
}

const ASKED: &[(&str, &str)] = &[
    ("", ""),
    ("", "/"),
    ("a", "/"),
    ("a/", "/"),
    ("a/", ""),
    ("", "//"),
    ("z/z", "/"),
    ("photo", "o"),
    ("none", "/"),
];

async fn fill(stage: &Stage) {
    for key in KEYS.iter().rev() {
        stage.put(key, "").await;
    }
}

/// A page's keys and common prefixes, merged into the order that S3 counts them in.
fn merged(keys: Vec<String>, prefixes: Vec<String>, most: i32) -> Vec<String> {
    assert!(keys.is_sorted() && prefixes.is_sorted(), "out of order: {keys:?} {prefixes:?}");
    let mut page = [keys, prefixes].concat();
    page.sort();
    assert!(page.len() <= usize::try_from(most).unwrap(), "{} entries in a page of {most}", page.len());
    page
}

/// Every page of a listing with `ListObjectsV2`, together.
async fn v2(stage: &Stage, prefix: &str, delimiter: &str, most: i32, after: &str) -> Vec<String> {
    let asked = stage.s3.list_objects_v2().bucket(&stage.bucket).max_keys(most).prefix(prefix);
    let asked = asked.set_delimiter((!delimiter.is_empty()).then(|| delimiter.to_owned()));
    let asked = asked.set_start_after((!after.is_empty()).then(|| after.to_owned()));
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let page = asked.clone().set_continuation_token(token).send().await.unwrap();
        let keys = page.contents().iter().map(|object| object.key().unwrap().to_owned()).collect();
        let prefixes =
            page.common_prefixes().iter().map(|common| common.prefix().unwrap().to_owned()).collect();
        let entries = merged(keys, prefixes, most);
        assert_eq!(page.key_count, i32::try_from(entries.len()).ok());
        found.extend(entries);
        assert!(found.len() <= KEYS.len(), "pages without end: {found:?}");
        token = page.next_continuation_token;
        assert_eq!(page.is_truncated, Some(token.is_some()), "a token exactly where there is more");
        if token.is_none() {
            return found;
        }
    }
}

async fn v2_pages_of_any_size_add_up_to_the_whole_listing(stage: Stage) {
    fill(&stage).await;
    for (prefix, delimiter) in ASKED {
        for most in [1, 2, 3, 1_000] {
            let found = v2(&stage, prefix, delimiter, most, "").await;
            let whole = expected(prefix, delimiter, "");
            assert_eq!(found, whole, "prefix {prefix:?}, delimiter {delimiter:?}, {most} a page");
        }
    }
}

async fn v2_pages_from_a_key_on_add_up_to_the_rest_of_the_listing(stage: Stage) {
    fill(&stage).await;
    for (prefix, delimiter) in ASKED {
        for after in ["a", "a/b", "photo-1/x", "photo/3"] {
            let rest = expected(prefix, delimiter, after);
            // Whether the common prefix that a key lies in comes after that key is not documented.
            if rest
                .iter()
                .any(|entry| !delimiter.is_empty() && entry.ends_with(delimiter) && after.starts_with(entry))
            {
                continue;
            }
            let found = v2(&stage, prefix, delimiter, 2, after).await;
            assert_eq!(found, rest, "prefix {prefix:?}, delimiter {delimiter:?}, after {after:?}");
        }
    }
}

async fn v1_pages_of_any_size_add_up_to_the_whole_listing(stage: Stage) {
    fill(&stage).await;
    for (prefix, delimiter) in ASKED {
        for most in [1, 2, 3, 1_000] {
            let asked = stage.s3.list_objects().bucket(&stage.bucket).max_keys(most).prefix(*prefix);
            let asked = asked.set_delimiter((!delimiter.is_empty()).then(|| (*delimiter).to_owned()));
            let mut found: Vec<String> = Vec::new();
            let mut marker = None;
            loop {
                let page = asked.clone().set_marker(marker).send().await.unwrap();
                let keys = page.contents().iter().map(|object| object.key().unwrap().to_owned()).collect();
                let prefixes =
                    page.common_prefixes().iter().map(|common| common.prefix().unwrap().to_owned()).collect();
                found.extend(merged(keys, prefixes, most));
                assert!(found.len() <= KEYS.len(), "pages without end: {found:?}");
                if page.is_truncated != Some(true) {
                    break;
                }
                // Without a delimiter there is no NextMarker, and the last key is the marker.
                marker = page.next_marker.or_else(|| found.last().cloned());
            }
            let whole = expected(prefix, delimiter, "");
            assert_eq!(found, whole, "prefix {prefix:?}, delimiter {delimiter:?}, {most} a page");
        }
    }
}

/// A token is a place in the order of keys, not a copy of the listing: what is inserted behind it appears.
async fn pages_hold_what_came_or_went_behind_their_token(stage: Stage) {
    for key in ["b", "d", "f", "h"] {
        stage.put(key, "").await;
    }
    let ask = || stage.s3.list_objects_v2().bucket(&stage.bucket);
    let first = ask().max_keys(2).send().await.unwrap();
    let token = first.next_continuation_token.unwrap();
    for key in ["a", "e"] {
        stage.put(key, "").await;
    }
    for key in ["d", "f"] {
        stage.s3.delete_object().bucket(&stage.bucket).key(key).send().await.unwrap();
    }
    let second = ask().continuation_token(token).send().await.unwrap();
    let keys: Vec<_> = second.contents().iter().filter_map(|object| object.key()).collect();
    assert_eq!(keys, ["e", "h"]);
}

async fn a_page_that_ends_with_the_last_key_is_not_truncated(stage: Stage) {
    for key in ["a", "b/1", "b/2"] {
        stage.put(key, "").await;
    }
    for (delimiter, most) in [(None, 3), (Some("/".to_owned()), 2)] {
        let asked = stage.s3.list_objects_v2().bucket(&stage.bucket).max_keys(most);
        let listed = asked.set_delimiter(delimiter).send().await.unwrap();
        assert_eq!((listed.is_truncated, listed.next_continuation_token), (Some(false), None));
    }
}
