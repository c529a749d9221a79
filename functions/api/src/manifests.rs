//! `GET /manifests/{key}`: what is known of one source.

use http::{StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use thumbline::manifest::{Status, ThumbnailFacts};
use thumbline::signing::{EXPIRES, KEY_ID, SIGNATURE, encoded_path};
use thumbline::store::{ETag, Store};
use thumbline::{Manifest, Recipe};
use thumbline_imaging::Fit;

use crate::answer::Answer;
use crate::api::Api;
use crate::caching::has_match;
use crate::event::Request;
use crate::parameters::check_names;
use crate::problem::Problem;

/// What there is for a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// All thumbnails, of the source as it is.
    Ready,
    /// It can't become thumbnails.
    Rejected,
    /// Nothing yet.
    Waiting,
    /// Thumbnails of an older source, or by another recipe.
    Stale,
}

impl Standing {
    /// How a source stands that has this ETag, by what its manifest says.
    pub(crate) fn of(manifest: Option<&Manifest>, source: &ETag, recipe: &Recipe) -> Standing {
        match manifest {
            None => Standing::Waiting,
            Some(manifest) if manifest.source.etag != *source || manifest.recipe != *recipe => {
                Standing::Stale
            }
            Some(manifest) => match manifest.status {
                Status::Ready => Standing::Ready,
                Status::Rejected => Standing::Rejected,
            },
        }
    }

    /// In JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Standing::Ready => "ready",
            Standing::Rejected => "rejected",
            Standing::Waiting => "waiting",
            Standing::Stale => "stale",
        }
    }
}

/// Answers with a manifest.
pub(crate) async fn get(api: &Api, request: &Request, key: &str) -> Result<Answer, Problem> {
    check_names(&request.query, &[EXPIRES, KEY_ID, SIGNATURE])?;
    let (source, manifest) = tokio::join!(
        api.pipeline().store().head(&api.settings().input_bucket, key),
        api.pipeline().manifest(key)
    );
    let source = source?.ok_or_else(|| Problem::not_found("there is no picture under this key"))?;
    let manifest = manifest?;
    let standing = Standing::of(manifest.as_ref(), &source, api.pipeline().recipe());
    let body = describe(api, request, key, &source, standing, manifest)?;
    let version = thumbline::layout::hex(&Sha256::digest(body.to_string().as_bytes())[..16]);
    let answer = if has_match(&request.header_list("if-none-match"), &version) {
        Answer::new(StatusCode::NOT_MODIFIED)
    } else {
        Answer::json(StatusCode::OK, &body)
    };
    // It changes under its address, so caches must ask.
    Ok(answer.with(header::ETAG, &format!("\"{version}\"")).with(header::CACHE_CONTROL, "no-cache"))
}

fn describe(
    api: &Api,
    request: &Request,
    key: &str,
    source: &ETag,
    standing: Standing,
    manifest: Option<Manifest>,
) -> Result<Value, Problem> {
    let Some(manifest) = manifest else {
        return Ok(json!({
            "status": standing.name(),
            "source": { "key": key, "etag": source },
            "thumbnails": [],
            "srcset": "",
        }));
    };
    let internal = |error: serde_json::Error| Problem::unavailable("internal", error.to_string());
    let mut body = serde_json::to_value(&manifest).map_err(internal)?;
    body["status"] = standing.name().into();
    body["srcset"] = srcset(api, request, key, &manifest).into();
    if let Some(thumbnails) = body.get_mut("thumbnails").and_then(Value::as_array_mut) {
        for (thumbnail, facts) in thumbnails.iter_mut().zip(&manifest.thumbnails) {
            thumbnail["url"] = url(request, key, facts).into();
        }
    }
    Ok(body)
}

/// Where the API serves a preset's thumbnail.
pub(crate) fn url(request: &Request, key: &str, thumbnail: &ThumbnailFacts) -> String {
    // A preset's name has nothing in it that a query encodes.
    format!("{}{}?preset={}", request.base, encoded_path(&format!("/thumbnails/{key}")), thumbnail.preset)
}

/// The value of an `srcset` attribute: of the presets that show the whole picture, or else of all.
/// <https://html.spec.whatwg.org/multipage/images.html#srcset-attributes>
fn srcset(api: &Api, request: &Request, key: &str, manifest: &Manifest) -> String {
    let presets = &api.settings().presets;
    let is_whole = |thumbnail: &&ThumbnailFacts| {
        let preset = presets.iter().find(|preset| preset.name == thumbnail.preset);
        preset.is_some_and(|preset| {
            let rendition = &preset.rendition;
            rendition.fit == Fit::Inside || rendition.width.is_none() || rendition.height.is_none()
        })
    };
    let whole: Vec<&ThumbnailFacts> = manifest.thumbnails.iter().filter(is_whole).collect();
    let mut chosen = if whole.is_empty() { manifest.thumbnails.iter().collect() } else { whole };
    // A width may be there once only: a small picture comes out of several presets at its own size.
    chosen.sort_by_key(|thumbnail| thumbnail.width);
    chosen.dedup_by_key(|thumbnail| thumbnail.width);
    let candidates =
        chosen.iter().map(|thumbnail| format!("{} {}w", url(request, key, thumbnail), thumbnail.width));
    candidates.collect::<Vec<_>>().join(", ")
}
