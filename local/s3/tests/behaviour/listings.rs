//! Listings against a model that is too simple to be wrong.

use std::collections::BTreeSet;

use crate::server::{BUCKET, Server};

/// What a whole listing must give: keys and common prefixes, in order.
fn model(keys: &BTreeSet<String>, prefix: &str, delimiter: Option<&str>, after: &str) -> Vec<String> {
    let names: BTreeSet<_> = keys
        .iter()
        .filter_map(|key| {
            let rest = key.strip_prefix(prefix)?;
            let end = delimiter.and_then(|delimiter| Some(rest.find(delimiter)? + delimiter.len()));
            Some(end.map_or(key.clone(), |end| format!("{prefix}{}", &rest[..end])))
        })
        .filter(|name| name.as_str() > after)
        .collect();
    names.into_iter().collect()
}

/// Follows a listing to its end, and checks each page on the way.
async fn list(
    server: &Server,
    prefix: &str,
    delimiter: Option<&str>,
    after: &str,
    page_size: i32,
) -> Vec<String> {
    let mut names = Vec::new();
    let mut token = None;
    loop {
        let request = server.client.list_objects_v2().bucket(BUCKET).prefix(prefix).max_keys(page_size);
        let request = request.set_delimiter(delimiter.map(str::to_owned)).start_after(after);
        let page = request.set_continuation_token(token).send().await.unwrap();
        let objects = page.contents().iter().map(|object| object.key().unwrap());
        let prefixes = page.common_prefixes().iter().map(|common| common.prefix().unwrap());
        let mut entries: Vec<_> = objects.chain(prefixes).map(str::to_owned).collect();
        entries.sort_unstable();
        assert!(entries.len() <= usize::try_from(page_size).unwrap());
        assert_eq!(page.key_count(), i32::try_from(entries.len()).ok());
        names.extend(entries);
        token = page.next_continuation_token().map(str::to_owned);
        assert_eq!(page.is_truncated(), Some(token.is_some()));
        if token.is_none() {
            return names;
        }
    }
}

/// The same through the first version of the operation, whose clients go on from the last entry themselves.
async fn list_v1(server: &Server, prefix: &str, delimiter: Option<&str>, page_size: i32) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    loop {
        let request = server.client.list_objects().bucket(BUCKET).prefix(prefix).max_keys(page_size);
        let request = request.set_delimiter(delimiter.map(str::to_owned));
        let page = request.marker(names.last().cloned().unwrap_or_default()).send().await.unwrap();
        let objects = page.contents().iter().map(|object| object.key().unwrap());
        let prefixes = page.common_prefixes().iter().map(|common| common.prefix().unwrap());
        let mut entries: Vec<_> = objects.chain(prefixes).map(str::to_owned).collect();
        entries.sort_unstable();
        names.extend(entries);
        if page.is_truncated() != Some(true) {
            return names;
        }
        if delimiter.is_some() {
            assert_eq!(page.next_marker(), names.last().map(String::as_str));
        }
    }
}

#[tokio::test]
async fn every_listing_gives_what_the_model_gives() {
    let server = Server::start().await;
    let mut keys = BTreeSet::new();
    // All words of up to four letters over an alphabet that sorts around the delimiter, thinned out.
    let alphabet = ["!", "/", "0", "é"];
    for number in 0..340_usize {
        let (mut rest, mut key) = (number, String::new());
        while rest > 0 {
            rest -= 1;
            key.push_str(alphabet[rest % alphabet.len()]);
            rest /= alphabet.len();
        }
        if !key.is_empty() && number % 3 != 0 {
            keys.insert(key);
        }
    }
    futures::future::join_all(keys.iter().map(|key| server.put(key, ""))).await;

    for prefix in ["", "/", "!", "0/", "é/é", "none"] {
        for delimiter in [None, Some("/"), Some("é"), Some("0/")] {
            for page_size in [1, 3, 1_000] {
                let expected = model(&keys, prefix, delimiter, "");
                let found = list(&server, prefix, delimiter, "", page_size).await;
                assert_eq!(found, expected, "{prefix:?} {delimiter:?} {page_size}");
                let found = list_v1(&server, prefix, delimiter, page_size).await;
                assert_eq!(found, expected, "version 1: {prefix:?} {delimiter:?} {page_size}");
            }
            for after in ["/", "0/é", "é"] {
                let expected = model(&keys, prefix, delimiter, after);
                assert_eq!(
                    list(&server, prefix, delimiter, after, 7).await,
                    expected,
                    "{prefix:?} {delimiter:?} {after:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_bucket_is_removed_only_when_it_is_empty() {
    let server = Server::start().await;
    server.s3.create_bucket("pictures-2").await.unwrap();
    let other = server.client.put_object().bucket("pictures-2").key("k").send().await;
    assert!(other.is_ok());
    server.client.delete_bucket().bucket(BUCKET).send().await.unwrap();
    let error = server.client.delete_bucket().bucket("pictures-2").send().await.unwrap_err();
    assert_eq!(crate::server::code(&error), "BucketNotEmpty");
    let buckets = server.client.list_buckets().send().await.unwrap();
    let names: Vec<_> = buckets.buckets().iter().map(|bucket| bucket.name().unwrap()).collect();
    assert_eq!(names, ["pictures-2"]);
}
