//! `GET /thumbnails/{key}`: one thumbnail, stored or made now.

use std::time::Duration;

use http::header::{self, HeaderName};
use http::{Method, StatusCode};
use thumbline::store::ETag;
use thumbline::{Call, Served, Wish};
use thumbline_imaging::Rendition;

use crate::access::Access;
use crate::answer::Answer;
use crate::api::Api;
use crate::caching::{cache_control, has_match};
use crate::event::Request;
use crate::negotiation::best_format;
use crate::parameters::{Asked, UNSIGNED_QUALITY_STEP};
use crate::problem::Problem;

/// The most bytes of a thumbnail that an answer holds. Lambda's answers may have 6 MB, of which Base64 takes a third.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const INLINE_BYTES: u64 = 4_500_000;

/// How long a link to a thumbnail that is larger is good for, and how long it may be remembered.
const LINK_LASTS: Duration = Duration::from_secs(300);
const LINK_CACHE_CONTROL: &str = "private, max-age=60";

const SOURCE_ETAG: HeaderName = HeaderName::from_static("x-thumbline-source-etag");
/// Whether a thumbnail was made for this request or found. <https://www.w3.org/TR/server-timing/>
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Answers with a thumbnail.
pub(crate) async fn get(
    api: &Api,
    request: &Request,
    key: &str,
    access: Access,
    call: &Call,
) -> Result<Answer, Problem> {
    let asked = Asked::read(&request.query, &api.settings().presets)?;
    let is_negotiated = matches!(asked, Asked::Size { negotiate: true, .. });
    let wish = wish(api, request, asked, access)?;
    let dress = |answer: Answer, version: &str, source: &ETag| {
        let cache_control = cache_control(access, &api.settings().cache_control);
        let answer = answer
            .with(header::ETAG, &format!("\"{version}\""))
            .with(header::CACHE_CONTROL, &cache_control)
            .with(SOURCE_ETAG, source.as_str());
        if is_negotiated { answer.with(header::VARY, "accept") } else { answer }
    };
    let tags = &request.header_list("if-none-match");
    // A client that has the right one already costs one HEAD.
    if !tags.is_empty()
        && tags.trim() != "*"
        && let Some((version, source)) = api.pipeline().current_version(key, &wish).await?
        && has_match(tags, &version)
    {
        let answer = Answer::new(StatusCode::NOT_MODIFIED).with(header::AGE, "0");
        return Ok(dress(answer, &version, &source));
    }
    let max_bytes = if request.method == Method::HEAD { 0 } else { INLINE_BYTES };
    let served = api.pipeline().serve(key, &wish, max_bytes, call).await?;
    let age = served.checked.elapsed().as_secs().to_string();
    let origin = if served.was_made { "made" } else { "found" };
    let answer = if has_match(tags, &served.version) {
        Answer::new(StatusCode::NOT_MODIFIED)
    } else if served.bytes > INLINE_BYTES {
        let answer = redirect(api, &served).await?.with(SERVER_TIMING, origin);
        return Ok(if is_negotiated { answer.with(header::VARY, "accept") } else { answer });
    } else {
        let body = served.body.unwrap_or_default();
        Answer::new(StatusCode::OK).with_body(served.format.content_type(), body)
    };
    let answer = answer.with(header::AGE, &age).with(SERVER_TIMING, origin);
    Ok(dress(answer, &served.version, &served.source_etag))
}

async fn redirect(api: &Api, served: &Served) -> Result<Answer, Problem> {
    let bucket = &api.settings().output_bucket;
    let link = api.pipeline().store().link_to_read(bucket, &served.key, LINK_LASTS).await?;
    Ok(Answer::new(StatusCode::FOUND)
        .with(header::LOCATION, &link)
        .with(header::CACHE_CONTROL, LINK_CACHE_CONTROL)
        .with(SOURCE_ETAG, served.source_etag.as_str()))
}

/// What is asked for, if it may be.
fn wish(api: &Api, request: &Request, asked: Asked, access: Access) -> Result<Wish, Problem> {
    match asked {
        Asked::Preset(preset) => Ok(Wish::Preset(preset)),
        Asked::Size { rendition, negotiate } => {
            if access == Access::Open {
                check_unsigned(api, &rendition)?;
            }
            if !negotiate {
                return Ok(Wish::Size(rendition));
            }
            Ok(match best_format(&request.header_list("accept")) {
                Some(format) => Wish::Size(rendition.with_format(format)),
                None => Wish::Anywhere(rendition),
            })
        }
    }
}

/// Who has neither signature nor key gets the sizes that somebody has thought of: each other one would be work and storage
/// that strangers make others pay for.
fn check_unsigned(api: &Api, rendition: &Rendition) -> Result<(), Problem> {
    let sizes = &api.settings().api.sizes;
    if !sizes.allow(rendition.width, rendition.height) {
        let detail =
            "this size takes a signature or an API key; without, w, h and dpr come to one of those allowed";
        let problem = Problem { parameter: Some("w"), ..Problem::forbidden("size", detail) };
        return Err(problem.allowing(sizes.written()));
    }
    if !rendition.quality.is_multiple_of(UNSIGNED_QUALITY_STEP) {
        let detail = format!("without a signature or an API key, q is a multiple of {UNSIGNED_QUALITY_STEP}");
        return Err(Problem { parameter: Some("q"), ..Problem::forbidden("quality", detail) });
    }
    Ok(())
}
