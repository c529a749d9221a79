//! Which path is which resource, and what may be done with it.

use http::Method;

use thumbline::layout::MAX_KEY_BYTES;
use thumbline::naming::Naming;

use crate::page::{self, Asset};

/// What a path leads to. Keys are S3 keys: nothing in them is a path, whatever it looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// A thumbnail of the source with this key.
    Thumbnail(&'a str),
    /// What is known of the source with this key.
    Manifest(&'a str),
    /// All sources.
    Images,
    /// The source with this key.
    Image(&'a str),
    /// The events that failed.
    Failures,
    /// The same, once more through the pipeline.
    Redrive,
    /// Whether the function answers.
    Health,
    /// The description of all this, for machines.
    OpenApi,
    /// The same for people.
    Docs,
    /// A part of the page.
    Page(&'static Asset),
}

impl Route<'_> {
    /// Finds what a decoded path leads to.
    pub fn find(path: &str) -> Option<Route<'_>> {
        // S3 has no longer keys, and AWS's SDKs none of white space alone: neither would be answered as one that is not there.
        let is_key = |key: &&str| key.len() <= MAX_KEY_BYTES && !key.trim().is_empty();
        let keyed = |prefix: &str| path.strip_prefix(prefix).filter(is_key);
        if let Some(key) = keyed("/thumbnails/") {
            return Some(Route::Thumbnail(key));
        }
        if let Some(key) = keyed("/manifests/") {
            return Some(Route::Manifest(key));
        }
        if let Some(key) = keyed("/images/") {
            return Some(Route::Image(key));
        }
        match path {
            "/images" => Some(Route::Images),
            "/failures" => Some(Route::Failures),
            "/failures/redrive" => Some(Route::Redrive),
            "/health" => Some(Route::Health),
            "/openapi.json" => Some(Route::OpenApi),
            "/docs" => Some(Route::Docs),
            _ => page::find(path).map(Route::Page),
        }
    }

    /// What can be done with it, besides OPTIONS.
    pub fn methods(&self) -> &'static [Method] {
        const READ: &[Method] = &[Method::GET, Method::HEAD];
        const LIST: &[Method] = &[Method::GET, Method::HEAD, Method::POST];
        const POST: &[Method] = &[Method::POST];
        const DELETE: &[Method] = &[Method::DELETE];
        match self {
            Route::Images => LIST,
            Route::Image(_) => DELETE,
            Route::Redrive => POST,
            _ => READ,
        }
    }
}

/// A path as the log has it: keys in it are named as this process names keys, and so is a path that leads nowhere.
pub fn told(path: &str) -> String {
    told_as(path, Naming::in_force())
}

fn told_as(path: &str, naming: Naming) -> String {
    let (folder, key) = match Route::find(path) {
        Some(Route::Thumbnail(key)) => ("/thumbnails/", key),
        Some(Route::Manifest(key)) => ("/manifests/", key),
        Some(Route::Image(key)) => ("/images/", key),
        Some(_) => return path.to_owned(),
        None => ("", path),
    };
    format!("{folder}{}", naming.name(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_has_paths_as_they_are_or_without_their_keys() {
        for path in ["/thumbnails/a.jpg", "/manifests/a.jpg", "/images/a.jpg", "/imagse/a.jpg", "/images", ""]
        {
            assert_eq!(told_as(path, Naming::Plain), path);
            let hashed = told_as(path, Naming::Hashed);
            assert!(!hashed.contains("a.jpg"), "{hashed}");
        }
        assert_eq!(told_as("/health", Naming::Hashed), "/health");
        assert!(told_as("/images/a.jpg", Naming::Hashed).starts_with("/images/sha256:"));
    }

    #[test]
    fn everything_after_the_resource_is_the_key() {
        for key in
            ["a.jpg", "a/b c.jpg", "../../etc/passwd", "/", "//x", "a\0b", ".", "?w=1", "%2e", "thumbnails/a"]
        {
            assert_eq!(Route::find(&format!("/thumbnails/{key}")), Some(Route::Thumbnail(key)));
            assert_eq!(Route::find(&format!("/images/{key}")), Some(Route::Image(key)));
        }
    }

    #[test]
    fn what_is_not_there_is_nowhere() {
        for path in [
            "",
            "/thumbnails",
            "/thumbnails/",
            "/Thumbnails/a",
            "/images/",
            "/images/ \t",
            "/../health",
            "/health/",
            "//health",
            &format!("/images/{}", "k".repeat(1025)),
        ] {
            assert_eq!(Route::find(path), None, "{path}");
        }
    }
}
