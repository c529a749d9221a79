//! Ranges that S3 ignores. A `Range` header that it does not understand, or that names several ranges, is answered as
//! if it were not there; the protocol layer refuses the request instead. Such a request is taken out of its hands once
//! its signature was checked, and put through again without the header and the signature that covered it.

use http::header::{AUTHORIZATION, RANGE};
use http::{Extensions, HeaderMap, Method, Uri};
use s3s::dto::Range;
use s3s::route::S3Route;
use s3s::service::S3Service;
use s3s::{Body, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

/// Parameters of a presigned URL that are its signature, apart from those that start with `X-Amz-`.
const OLD_SIGNATURE: [&str; 3] = ["AWSAccessKeyId", "Expires", "Signature"];

/// Puts such requests through a service that takes them as already signed.
pub(super) struct IgnoredRanges {
    inner: S3Service,
}

impl IgnoredRanges {
    pub(super) fn new(inner: S3Service) -> Self {
        Self { inner }
    }
}

#[async_trait::async_trait]
impl S3Route for IgnoredRanges {
    fn is_match(&self, method: &Method, _: &Uri, headers: &HeaderMap, _: &mut Extensions) -> bool {
        let is_read = method == Method::GET || method == Method::HEAD;
        is_read && headers.get(RANGE).is_some_and(|range| !is_understood(range.to_str().unwrap_or_default()))
    }

    async fn call(&self, request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let mut again = http::Request::new(request.input);
        *again.method_mut() = request.method;
        *again.uri_mut() = without_signature(&request.uri)?;
        *again.headers_mut() = request.headers;
        *again.extensions_mut() = request.extensions;
        again.headers_mut().remove(RANGE);
        again.headers_mut().remove(AUTHORIZATION);
        let answer = self
            .inner
            .call(again)
            .await
            .map_err(|error| S3Error::with_source(S3ErrorCode::InternalError, error.into()))?;
        let (parts, body) = answer.into_parts();
        Ok(S3Response {
            output: body,
            status: Some(parts.status),
            headers: parts.headers,
            extensions: parts.extensions,
        })
    }
}

fn is_understood(range: &str) -> bool {
    Range::parse(range).is_ok()
}

fn without_signature(uri: &Uri) -> S3Result<Uri> {
    let Some(query) = uri.query() else { return Ok(uri.clone()) };
    let kept: Vec<_> = query
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !name.starts_with("X-Amz-") && !OLD_SIGNATURE.contains(&name)
        })
        .collect();
    format!("{}?{}", uri.path(), kept.join("&"))
        .parse()
        .map_err(|_| S3Error::with_message(S3ErrorCode::InvalidURI, "Couldn't parse the specified URI."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_single_well_formed_ranges_are_understood() {
        for range in ["bytes=0-3", "bytes=3-", "bytes=-3"] {
            assert!(is_understood(range), "{range}");
        }
        for range in ["bytes=5-2", "bytes=0-1,3-4", "items=0-3", "bytes=", ""] {
            assert!(!is_understood(range), "{range}");
        }
    }

    #[test]
    fn the_signature_is_all_that_a_url_loses() {
        let uri = "/b/k?partNumber=1&X-Amz-Signature=a&X-Amz-Expires=3&Expires=4".parse().unwrap();
        assert_eq!(without_signature(&uri).unwrap(), "/b/k?partNumber=1");
    }
}
