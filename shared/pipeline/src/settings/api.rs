//! What the person who deploys the API decides about it.

use std::str::FromStr;

use super::key::NONE;
use crate::preset::parse_size;
use crate::secret::SecretReference;

/// What only the API needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiSettings {
    /// Who may read thumbnails and manifests.
    pub reading: Reading,
    /// What may be asked for without a signature.
    pub sizes: Sizes,
    /// Where the keys are that URLs are signed with.
    pub signing_secret: Option<SecretReference>,
    /// Where the key is that writing takes, for senders that do not check keys themselves: HTTP APIs and function URLs.
    pub key_secret: Option<SecretReference>,
    /// Whether the page is served.
    pub page: bool,
    /// Origins whose pages may use the API.
    pub origins: Origins,
    /// What the keys of uploads begin with.
    pub upload_prefix: String,
    /// The URL of the queue that keeps failed events.
    pub failure_queue: Option<String>,
}

/// Who may read thumbnails and manifests. Listing, uploading, removing and failures always take a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Everybody; sizes that are not listed take a signature.
    Open,
    /// Who has a signed URL.
    Signed,
    /// Who has an API key.
    Key,
}

/// The sizes, in pixels, that may be asked for without a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// All.
    Any,
    /// These: width and height.
    These(Vec<(Option<u32>, Option<u32>)>),
}

impl Sizes {
    /// Whether this size is among them.
    pub fn allow(&self, width: Option<u32>, height: Option<u32>) -> bool {
        match self {
            Sizes::Any => true,
            Sizes::These(sizes) => sizes.contains(&(width, height)),
        }
    }

    /// As they are written: `640x`, `200x200`.
    pub fn written(&self) -> Vec<String> {
        let side = |side: &Option<u32>| side.map(|pixels| pixels.to_string()).unwrap_or_default();
        match self {
            Sizes::Any => vec![ANY.to_owned()],
            Sizes::These(sizes) => sizes.iter().map(|(w, h)| format!("{}x{}", side(w), side(h))).collect(),
        }
    }
}

/// What stands for everything in a list.
const ANY: &str = "*";

/// Origins, in the sense of CORS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// All. No cookies are involved: a page can do nothing with the API that its reader could not do with curl.
    Any,
    /// These; the empty list is none.
    These(Vec<String>),
}

impl FromStr for Reading {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "open" => Ok(Reading::Open),
            "signed" => Ok(Reading::Signed),
            "key" => Ok(Reading::Key),
            other => Err(format!("{other:?} is none of open, signed, key")),
        }
    }
}

impl FromStr for Sizes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == ANY {
            return Ok(Sizes::Any);
        }
        text.split_whitespace().map(parse_size).collect::<Result<Vec<_>, _>>().map(Sizes::These)
    }
}

impl FromStr for Origins {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            ANY => Ok(Origins::Any),
            NONE | "" => Ok(Origins::These(Vec::new())),
            list => list
                .split([',', ' '])
                .filter(|o| !o.is_empty())
                .map(origin)
                .collect::<Result<_, _>>()
                .map(Origins::These),
        }
    }
}

/// <https://www.rfc-editor.org/rfc/rfc6454#section-6.2>
fn origin(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host)
            if !host.is_empty()
                && host.bytes().all(|b| b.is_ascii_graphic() && !b"/*?#@,\"".contains(&b)) =>
        {
            Ok(text.to_owned())
        }
        _ => Err(format!("{text:?} is no origin: a scheme and a host, without a path")),
    }
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(format!("{other:?} is neither on nor off")),
    }
}

pub(super) fn secret(text: &str) -> Result<Option<SecretReference>, String> {
    match text.trim() {
        NONE | "" => Ok(None),
        reference => reference.parse().map(Some),
    }
}

pub(super) fn queue_url(text: &str) -> Result<Option<String>, String> {
    match text.trim() {
        NONE | "" => Ok(None),
        url if url.starts_with("https://") || url.starts_with("http://") => Ok(Some(url.to_owned())),
        other => Err(format!("{other:?} is no URL")),
    }
}

pub(super) fn key_prefix(text: &str) -> Result<String, String> {
    // A prefix as long as a key would leave no room for a name.
    if text.len() < 900 { Ok(text.to_owned()) } else { Err("it is longer than 900 bytes".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_a_list_or_everything() {
        let sizes: Sizes = "160x x90 200x200".parse().unwrap();
        assert!(
            sizes.allow(Some(160), None) && sizes.allow(None, Some(90)) && sizes.allow(Some(200), Some(200))
        );
        assert!(
            !sizes.allow(Some(161), None) && !sizes.allow(Some(160), Some(160)) && !sizes.allow(None, None)
        );
        assert_eq!(sizes.written(), ["160x", "x90", "200x200"]);
        assert!("*".parse::<Sizes>().unwrap().allow(Some(1), Some(9999)));
        assert!(!"".parse::<Sizes>().unwrap().allow(Some(1), None));
        assert!("160".parse::<Sizes>().unwrap_err().contains("no size"));
    }

    #[test]
    fn origins_are_schemes_and_hosts() {
        let these = |list: &[&str]| Origins::These(list.iter().map(ToString::to_string).collect());
        assert_eq!(
            "https://a.example,http://b.example:8080".parse(),
            Ok(these(&["https://a.example", "http://b.example:8080"]))
        );
        assert_eq!("none".parse(), Ok(these(&[])));
        assert_eq!("*".parse(), Ok(Origins::Any));
        for wrong in ["a.example", "https://", "https://a.example/", "https://*.example", "null"] {
            assert!(wrong.parse::<Origins>().is_err(), "{wrong}");
        }
    }
}
