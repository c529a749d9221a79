//! The page at `/`, and what it loads: files of this crate, so that there is nothing to deploy beside the function.

use std::fmt::Write as _;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{StatusCode, header};
use sha2::{Digest, Sha256};

use crate::answer::Answer;

/// A file of the page.
#[derive(Debug, PartialEq, Eq)]
pub struct Asset {
    path: &'static str,
    content_type: &'static str,
    body: &'static str,
}

const ASSETS: [Asset; 4] = [
    Asset { path: "/", content_type: "text/html; charset=utf-8", body: include_str!("../page/index.html") },
    Asset {
        path: "/page.css",
        content_type: "text/css; charset=utf-8",
        body: include_str!("../page/page.css"),
    },
    Asset {
        path: "/page.js",
        content_type: "text/javascript; charset=utf-8",
        body: include_str!("../page/page.js"),
    },
    Asset {
        path: "/calls.js",
        content_type: "text/javascript; charset=utf-8",
        body: include_str!("../page/calls.js"),
    },
];

/// The documentation that people read: it shows `openapi.json`.
const DOCS: &str = include_str!("docs.html");

/// What no document here needs. <https://www.w3.org/TR/CSP3/>
const NOTHING_ELSE: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The part of the page that a path names.
pub fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

impl Asset {
    /// Answers with it. `storage` are the origins of S3, where the page uploads pictures to and where large thumbnails come
    /// from.
    pub fn answer(&self, storage: &[String]) -> Answer {
        let storage = storage.iter().fold(String::new(), |mut all, origin| {
            let _ = write!(all, " {origin}");
            all
        });
        let policy = format!(
            "{NOTHING_ELSE}; script-src 'self'; style-src 'self'; img-src 'self' blob: data:{storage}; \
             connect-src 'self'{storage}"
        );
        document(self.content_type, self.body, &policy)
    }
}

/// Answers with the documentation. Its script and its style are in it, and their hashes in its policy.
pub fn docs() -> Answer {
    let policy = format!(
        "{NOTHING_ELSE}; script-src {}; style-src {}; connect-src 'self'",
        hash_of(DOCS, "script"),
        hash_of(DOCS, "style")
    );
    document("text/html; charset=utf-8", DOCS, &policy)
}

/// The source expression for the one element of this name in a document.
fn hash_of(document: &str, name: &str) -> String {
    let inner = document.split_once(&format!("<{name}>")).map_or("", |(_, rest)| rest);
    let inner = inner.split_once(&format!("</{name}>")).map_or("", |(inner, _)| inner);
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(inner)))
}

/// A document that browsers show.
fn document(content_type: &'static str, body: &'static str, policy: &str) -> Answer {
    Answer::new(StatusCode::OK)
        .with_body(content_type, body)
        .with(header::CACHE_CONTROL, "no-cache")
        .with(header::CONTENT_SECURITY_POLICY, policy)
        .with(header::REFERRER_POLICY, "no-referrer")
}
