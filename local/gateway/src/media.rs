//! Which bodies are bytes and which are text.

use http::header::HeaderMap;
use http::{HeaderName, HeaderValue};

/// Whether a header that names a media type, `Content-Type` or `Accept`, names one of the binary types. Of a list the
/// first counts, as on AWS. `*/*` among the types means every body, also one without the header.
pub(crate) fn is_binary(types: &[String], headers: &HeaderMap, name: &HeaderName) -> bool {
    if types.iter().any(|each| each == "*/*") {
        return true;
    }
    let Some(named) = headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()) else {
        return false;
    };
    let first = named.split([',', ';']).next().unwrap_or_default().trim();
    types.iter().any(|each| match each.strip_suffix("/*") {
        Some(family) => first.split('/').next().is_some_and(|named| named.eq_ignore_ascii_case(family)),
        None => first.eq_ignore_ascii_case(each),
    })
}

#[cfg(test)]
mod tests {
    use http::header::ACCEPT;

    use super::*;

    #[test]
    fn types_are_compared_whole_by_family_or_not_at_all() {
        let binary = |types: &[&str], accept: Option<&str>| {
            let types: Vec<_> = types.iter().map(|&each| each.to_owned()).collect();
            let headers = accept.map(|accept| (ACCEPT, HeaderValue::from_str(accept).unwrap()));
            is_binary(&types, &headers.into_iter().collect(), &ACCEPT)
        };
        assert!(binary(&["*/*"], None) && binary(&["*/*"], Some("text/html")));
        assert!(binary(&["image/*"], Some("image/webp;q=0.8, text/html")));
        assert!(!binary(&["image/*"], Some("text/html, image/webp")), "the first counts");
        assert!(binary(&["image/PNG"], Some("image/png")) && !binary(&["image/png"], Some("*/*")));
        assert!(!binary(&["image/png"], None) && !binary(&[], Some("image/png")));
    }
}
