//! Which method of an API a request is for.
//!
//! Segments are compared as they were sent: `%2F` is no slash. A slash at the end does not count. Where several resources
//! fit, a literal segment wins over a parameter, and that over a greedy one.

use std::cmp::Ordering;

use crate::api::{Method, RestApi};

/// A method, and the values of its resource's parameters in the request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Match<'a> {
    pub(crate) method: &'a Method,
    /// Names and values, still percent-encoded.
    pub(crate) parameters: Vec<(&'a str, &'a str)>,
}

/// A segment of a resource's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Literal(&'a str),
    Parameter(&'a str),
    Greedy(&'a str),
}

impl RestApi {
    /// Finds the method for a path below the stage.
    pub(crate) fn find<'a>(&'a self, method: &http::Method, path: &'a str) -> Option<Match<'a>> {
        let fitting = self
            .methods
            .iter()
            .filter(|entry| entry.method.as_ref().is_none_or(|named| named == method))
            .filter_map(|entry| Some(Match { method: entry, parameters: capture(&entry.resource, path)? }));
        fitting.min_by(|a, b| compare(a.method, b.method))
    }
}

/// The more specific first, and of one resource's methods the named one.
fn compare(a: &Method, b: &Method) -> Ordering {
    let kinds = |method: &Method| -> Vec<u8> {
        parts(&method.resource)
            .map(|part| match part {
                Part::Literal(_) => 0,
                Part::Parameter(_) => 1,
                Part::Greedy(_) => 2,
            })
            .collect()
    };
    kinds(a).cmp(&kinds(b)).then(a.method.is_none().cmp(&b.method.is_none()))
}

fn parts(resource: &str) -> impl Iterator<Item = Part<'_>> {
    resource.trim_matches('/').split('/').map(|segment| {
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match name {
            None => Part::Literal(segment),
            Some(name) => name.strip_suffix('+').map_or(Part::Parameter(name), Part::Greedy),
        }
    })
}

/// The values of a resource's parameters; `None` if the path is another's.
fn capture<'a>(resource: &'a str, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut rest = Some(path.strip_prefix('/')?);
    if let Some(text) = rest
        && text.len() > 1
    {
        rest = Some(text.strip_suffix('/').unwrap_or(text));
    }
    let mut captured = Vec::new();
    for part in parts(resource) {
        let text = rest?;
        if let Part::Greedy(name) = part {
            captured.push((name, text));
            return (!text.is_empty()).then_some(captured);
        }
        let (segment, after) = match text.split_once('/') {
            Some((segment, after)) => (segment, Some(after)),
            None => (text, None),
        };
        match part {
            Part::Literal(literal) if literal == segment => {}
            Part::Parameter(name) if !segment.is_empty() => captured.push((name, segment)),
            _ => return None,
        }
        rest = after;
    }
    rest.is_none().then_some(captured)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn api(resources: &[(&str, Option<http::Method>)]) -> RestApi {
        let method = |(resource, method): &(&str, Option<http::Method>)| Method {
            resource: (*resource).to_owned(),
            method: method.clone(),
            function: "f".into(),
            key_required: false,
            timeout: Duration::from_secs(29),
        };
        RestApi {
            id: "api".into(),
            stage: "v1".into(),
            binary_media_types: Vec::new(),
            methods: resources.iter().map(method).collect(),
            keys: Vec::new(),
        }
    }

    #[test]
    fn the_most_specific_resource_wins_and_its_own_method_before_any() {
        let api = api(&[
            ("/{proxy+}", None),
            ("/", None),
            ("/images", None),
            ("/images", Some(http::Method::OPTIONS)),
            ("/images/{proxy+}", None),
            ("/images/{id}/size", None),
        ]);
        for (path, resource, parameters) in [
            ("/", "/", &[][..]),
            ("/images", "/images", &[]),
            ("/images/", "/images", &[]),
            ("/images/a/b.jpg", "/images/{proxy+}", &[("proxy", "a/b.jpg")]),
            ("/images/a/size", "/images/{id}/size", &[("id", "a")]),
            ("/images//a", "/images/{proxy+}", &[("proxy", "/a")]),
            ("/images%2Fa", "/{proxy+}", &[("proxy", "images%2Fa")]),
            ("/%69mages", "/{proxy+}", &[("proxy", "%69mages")]),
            ("/a/b/", "/{proxy+}", &[("proxy", "a/b")]),
            ("/a%2Fb/../c", "/{proxy+}", &[("proxy", "a%2Fb/../c")]),
        ] {
            let found = api.find(&http::Method::GET, path).unwrap();
            assert_eq!(
                (found.method.resource.as_str(), found.parameters.as_slice()),
                (resource, parameters),
                "{path}"
            );
        }
        let preflight = api.find(&http::Method::OPTIONS, "/images").unwrap();
        assert_eq!(preflight.method.method, Some(http::Method::OPTIONS));
    }

    #[test]
    fn what_no_resource_has_is_nobodys() {
        let api = api(&[("/", Some(http::Method::GET)), ("/images", None)]);
        assert_eq!(api.find(&http::Method::POST, "/"), None);
        assert_eq!(api.find(&http::Method::GET, "/images/a"), None);
        assert_eq!(api.find(&http::Method::GET, "/image"), None);
    }
}
