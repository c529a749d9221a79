//! `POST /images` and `DELETE /images/{key}`: pictures come and go by S3, whose events make and remove their thumbnails.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use thumbline::layout::MAX_KEY_BYTES;
use thumbline::rejection::Rejection;
use thumbline::signing::encoded_path;
use thumbline::store::{Condition, NewObject, Store, Written};
use thumbline_imaging::{SourceFormat, probe};

use crate::answer::Answer;
use crate::api::Api;
use crate::event::Request;
use crate::parameters::check_names;
use crate::problem::Problem;
use crate::thumbnails::INLINE_BYTES;

/// How long a link to upload to is good for.
const LINK_LASTS: Duration = Duration::from_secs(15 * 60);

/// A wish to upload.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Announced {
    key: String,
    content_type: String,
    bytes: u64,
}

/// Takes a picture, or says where to put it.
pub(crate) async fn post(api: &Api, request: &Request) -> Result<Answer, Problem> {
    let content_type = request.header("content-type").unwrap_or_default();
    let content_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match content_type.as_str() {
        "application/json" => announce(api, request).await,
        other if source_format(other).is_some() => take(api, request).await,
        other => {
            let detail = format!("a body is application/json or a picture, and not {other:?}");
            let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", detail);
            Err(Problem { parameter: Some("content-type"), ..problem }
                .allowing(["application/json".to_owned()].into_iter().chain(content_types())))
        }
    }
}

/// Removes a picture. Its thumbnails follow when S3 tells of it.
pub(crate) async fn delete(api: &Api, request: &Request, key: &str) -> Result<Answer, Problem> {
    check_names(&request.query, &[])?;
    match api.pipeline().store().delete(&api.settings().input_bucket, key, &Condition::Always).await? {
        Written::Done(_) => Ok(Answer::new(StatusCode::NO_CONTENT)),
        Written::Moved | Written::Conflict => {
            Err(Problem::unavailable("conflict", "somebody else writes it; try again"))
        }
    }
}

/// Says where to put a picture that goes to S3 directly.
async fn announce(api: &Api, request: &Request) -> Result<Answer, Problem> {
    // For bodies that have no key in themselves; what is there must be one all the same.
    if let Some(key) = key_parameter(request)? {
        check_key(api, key)?;
    }
    let announced: Announced = serde_json::from_slice(&request.body).map_err(|error| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "body",
            format!("the body is no announcement of an upload: {error}"),
        )
    })?;
    let Announced { key, content_type, bytes } = announced;
    check_key(api, &key)?;
    if source_format(&content_type).is_none() {
        let detail = "content_type is that of a picture that can become thumbnails";
        let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", detail);
        return Err(Problem { parameter: Some("content_type"), ..problem }.allowing(content_types()));
    }
    let most = api.settings().limits.max_source_bytes;
    if bytes == 0 {
        return Err(
            Problem::parameter("bytes", "an empty file is no picture").allowing([format!("1..{most}")])
        );
    }
    if bytes > most {
        let detail = format!("pictures have at most {most} bytes");
        let problem = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail);
        return Err(Problem { parameter: Some("bytes"), ..problem }.allowing([format!("1..{most}")]));
    }
    let bucket = &api.settings().input_bucket;
    let link = api.pipeline().store().link_to_write(bucket, &key, &content_type, bytes, LINK_LASTS).await?;
    let expires = (SystemTime::now() + LINK_LASTS).duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(created(
        request,
        &key,
        &json!({
            "key": key,
            "upload": {
                "url": link,
                "method": "PUT",
                "headers": { "content-type": content_type },
                "expires": expires.as_secs(),
            },
            "manifest": manifest_url(request, &key),
        }),
    ))
}

/// Takes a picture itself.
async fn take(api: &Api, request: &Request) -> Result<Answer, Problem> {
    let key = key_parameter(request)?;
    if let Some(key) = key {
        check_key(api, key)?;
    }
    if request.body.len() as u64 > INLINE_BYTES {
        let detail = format!(
            "a body has at most {INLINE_BYTES} bytes; POST a JSON object with key, content_type and bytes, and PUT the \
             picture to the URL that it answers with"
        );
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail));
    }
    // Refused now and not by a manifest later: whoever sends it is still there to be told.
    let header = probe(&request.body, &api.settings().limits)
        .map_err(|error| Problem::from(&Rejection::from(&error)))?;
    let key = key.map_or_else(|| key_of_content(api, &request.body, header.format), str::to_owned);
    let key = key.as_str();
    let object = NewObject {
        body: request.body.clone(),
        // What the bytes are, whatever was said of them: nothing else will be served as a picture.
        content_type: content_type(header.format),
        cache_control: None,
        metadata: Vec::new(),
    };
    let bucket = &api.settings().input_bucket;
    match api.pipeline().store().put(bucket, key, object, &Condition::Always).await? {
        Written::Done(etag) => Ok(created(
            request,
            key,
            &json!({ "key": key, "etag": etag, "manifest": manifest_url(request, key) }),
        )),
        Written::Moved | Written::Conflict => {
            Err(Problem::unavailable("conflict", "somebody else writes it; try again"))
        }
    }
}

/// The key in the query.
fn key_parameter(request: &Request) -> Result<Option<&str>, Problem> {
    check_names(&request.query, &["key"])?;
    Ok(request.query.first().map(|(_, key)| key.as_str()))
}

/// A key for a picture that comes without one: the same for the same picture, and another for any other.
fn key_of_content(api: &Api, body: &[u8], format: SourceFormat) -> String {
    let digits = thumbline::layout::hex(&Sha256::digest(body)[..16]);
    format!("{}{digits}.{format}", api.settings().api.upload_prefix)
}

fn created(request: &Request, key: &str, body: &serde_json::Value) -> Answer {
    Answer::json(StatusCode::CREATED, body)
        .with(header::LOCATION, &manifest_url(request, key))
        .with(header::CACHE_CONTROL, "no-store")
}

fn manifest_url(request: &Request, key: &str) -> String {
    format!("{}{}", request.base, encoded_path(&format!("/manifests/{key}")))
}

fn check_key(api: &Api, key: &str) -> Result<(), Problem> {
    if !(1..=MAX_KEY_BYTES).contains(&key.len()) {
        return Err(Problem::parameter("key", format!("a key has from 1 to {MAX_KEY_BYTES} bytes of UTF-8")));
    }
    // The first is a folder to the S3 console; and of white space alone, AWS's SDKs take a key for none.
    if key.chars().next_back().is_some_and(|last| last == '/' || last <= ' ' || last.is_whitespace()) {
        return Err(Problem::parameter("key", "a key ends in neither / nor white space"));
    }
    let prefix = &api.settings().api.upload_prefix;
    if !key.starts_with(prefix.as_str()) {
        let detail = format!("the keys of uploads begin with {prefix:?}");
        return Err(
            Problem { parameter: Some("key"), ..Problem::forbidden("key", detail) }.allowing([prefix])
        );
    }
    Ok(())
}

fn source_format(content_type: &str) -> Option<SourceFormat> {
    SourceFormat::ALL.iter().copied().find(|format| self::content_type(*format) == content_type)
}

/// The media types of the pictures that can become thumbnails.
pub fn content_types() -> impl Iterator<Item = String> {
    SourceFormat::ALL.iter().map(|format| content_type(*format).to_owned())
}

/// <https://www.iana.org/assignments/media-types/media-types.xhtml#image>
fn content_type(format: SourceFormat) -> &'static str {
    match format {
        SourceFormat::Jpeg => "image/jpeg",
        SourceFormat::Png => "image/png",
        SourceFormat::Gif => "image/gif",
        SourceFormat::WebP => "image/webp",
        SourceFormat::Avif => "image/avif",
        SourceFormat::Bmp => "image/bmp",
        SourceFormat::Tiff => "image/tiff",
        // The list is longer than what this file knows: then it is not taken.
        _ => "application/octet-stream",
    }
}
