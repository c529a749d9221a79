//! The page at `/`, and what it loads: files of this crate, so that there is nothing to deploy beside the function.

use http::{StatusCode, header};

use crate::answer::Answer;

/// A file of the page.
#[derive(Debug, PartialEq, Eq)]
pub struct Asset {
    path: &'static str,
    content_type: &'static str,
    body: &'static str,
}

const ASSETS: [Asset; 3] = [
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
];

/// The documentation that people read: it shows `openapi.json`.
pub const DOCS: &str = include_str!("docs.html");

/// Scripts and styles of one's own, pictures and uploads wherever S3 is, and nothing else.
pub const SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; \
     img-src * blob: data:; connect-src *; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// The part of the page that a path names.
pub fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

impl Asset {
    /// Answers with it.
    pub fn answer(&self) -> Answer {
        document(self.content_type, self.body)
    }
}

/// A document that browsers show.
pub fn document(content_type: &'static str, body: &'static str) -> Answer {
    Answer::new(StatusCode::OK)
        .with_body(content_type, body)
        .with(header::CACHE_CONTROL, "no-cache")
        .with(header::CONTENT_SECURITY_POLICY, SECURITY_POLICY)
        .with(header::REFERRER_POLICY, "no-referrer")
}
