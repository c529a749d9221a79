//! `GET /images`: what is there, and how each source stands.

use futures::stream::{self, StreamExt};
use http::{StatusCode, header};
use serde_json::{Value, json};
use thumbline::Store;
use thumbline::store::Entry;

use crate::answer::Answer;
use crate::api::Api;
use crate::event::Request;
use crate::manifests::{Standing, url};
use crate::parameters::{check_names, number};
use crate::problem::Problem;

/// The most images in one answer, and how many there are where nobody says.
pub const MAX_LIMIT: u32 = 100;
const DEFAULT_LIMIT: u16 = 50;
/// Manifests that are read at the same time.
const MANIFESTS_AT_ONCE: usize = 16;
/// S3's limit for keys, and so for what they begin with.
const MAX_KEY_BYTES: usize = thumbline::layout::MAX_KEY_BYTES;

/// Answers with a page of sources.
pub(crate) async fn list(api: &Api, request: &Request) -> Result<Answer, Problem> {
    check_names(&request.query, &["prefix", "cursor", "limit"])?;
    let value = |name: &str| {
        let found = request.query.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    };
    let limit = value("limit").map(|text| number("limit", text, 1, MAX_LIMIT)).transpose()?;
    let limit = limit.and_then(|limit| u16::try_from(limit).ok()).unwrap_or(DEFAULT_LIMIT);
    let prefix = value("prefix").unwrap_or_default();
    let after = value("cursor").filter(|cursor| !cursor.is_empty());
    for (name, text) in [("prefix", prefix), ("cursor", after.unwrap_or_default())] {
        if text.len() > MAX_KEY_BYTES {
            return Err(Problem::parameter(name, format!("{name} has at most {MAX_KEY_BYTES} bytes")));
        }
    }
    let bucket = &api.settings().input_bucket;
    let page = api.pipeline().store().page(bucket, prefix, after, limit).await?;
    // Where to go on is after the last key: it stays true whatever is uploaded or removed in between.
    let cursor = page.entries.last().filter(|_| page.has_more).map(|last| last.key.clone());
    // The zero-byte objects that the S3 console makes for folders are no pictures.
    let sources = page.entries.into_iter().filter(|entry| entry.bytes > 0 || !entry.key.ends_with('/'));
    let images = stream::iter(sources)
        .map(|entry| describe(api, request, entry))
        .buffered(MANIFESTS_AT_ONCE)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect::<Result<Vec<Value>, Problem>>()?;
    let answer = Answer::json(StatusCode::OK, &json!({ "images": images, "cursor": cursor }));
    Ok(answer.with(header::CACHE_CONTROL, "no-store"))
}

async fn describe(api: &Api, request: &Request, entry: Entry) -> Result<Value, Problem> {
    let manifest = api.pipeline().manifest(&entry.key).await?;
    let standing = Standing::of(manifest.as_ref(), &entry.etag, api.pipeline().recipe());
    let mut image = json!({
        "key": entry.key,
        "bytes": entry.bytes,
        "last_modified": entry.last_modified,
        "etag": entry.etag,
        "status": standing.name(),
        "thumbnails": [],
    });
    let Some(manifest) = manifest else {
        return Ok(image);
    };
    if standing == Standing::Rejected
        && let Some(rejection) = &manifest.rejection
    {
        image["reason"] = rejection.code.as_str().into();
        image["message"] = rejection.message.as_str().into();
    }
    let thumbnails = manifest.thumbnails.iter().map(|thumbnail| {
        json!({
            "preset": thumbnail.preset,
            "url": url(request, &entry.key, thumbnail),
            "width": thumbnail.width,
            "height": thumbnail.height,
            "bytes": thumbnail.bytes,
        })
    });
    image["thumbnails"] = thumbnails.collect();
    if let Some(thumbhash) = &manifest.thumbhash {
        image["thumbhash"] = thumbhash.as_str().into();
    }
    Ok(image)
}
