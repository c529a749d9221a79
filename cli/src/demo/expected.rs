//! `samples/expected.toml`: what every sample picture must become.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// All sample pictures.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    #[serde(rename = "picture")]
    pub(crate) pictures: Vec<Picture>,
}

/// A sample picture, and what it must become.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Picture {
    /// Its name in samples/pictures.
    pub(crate) file: String,
    /// The key to upload it under, if another than its name.
    key: Option<String>,
    /// The outcome's name.
    pub(crate) outcome: String,
    /// The reason's code, for outcomes that have one.
    pub(crate) reason: Option<String>,
    /// The size of each preset's thumbnail, such as `640x427`.
    #[serde(default)]
    pub(crate) thumbnails: BTreeMap<String, String>,
}

impl Picture {
    /// The key to upload it under.
    pub(crate) fn key(&self) -> &str {
        self.key.as_deref().unwrap_or(&self.file)
    }
}

impl Expected {
    pub(crate) fn read(path: &Path) -> Result<Expected> {
        let text = std::fs::read_to_string(path).with_context(|| {
            format!("{} can't be read; run this where samples/ is, or say --samples DIR", path.display())
        })?;
        let expected: Expected = toml::from_str(&text).with_context(|| path.display().to_string())?;
        if expected.pictures.is_empty() {
            bail!("{} names no picture", path.display());
        }
        Ok(expected)
    }
}
