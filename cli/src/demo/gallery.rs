//! The folder that the demo leaves behind: thumbnails, and a page to look at them.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use thumbline::manifest::ThumbnailFacts;

use super::report::{Came, Kept};

/// The page's name, which also tells a folder that the demo made from any other.
const PAGE: &str = "index.html";

/// Makes the folder, empty. One that something else made is left alone.
pub(crate) fn prepare(out: &Path) -> Result<()> {
    let entries = match std::fs::read_dir(out) {
        Ok(entries) => Some(entries.count()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("{} can't be used", out.display())),
    };
    if entries.is_some_and(|entries| entries > 0) {
        if !out.join(PAGE).is_file() {
            bail!("{} holds files that no demo made; say --out DIR with another folder", out.display());
        }
        std::fs::remove_dir_all(out).with_context(|| format!("{} can't be emptied", out.display()))?;
    }
    std::fs::create_dir_all(out).with_context(|| format!("{} can't be made", out.display()))?;
    std::fs::write(out.join(PAGE), "").with_context(|| format!("{} can't be written to", out.display()))
}

/// Keeps a thumbnail as `{sample}/{preset}.{ext}`.
pub(crate) fn keep(out: &Path, sample: &str, facts: ThumbnailFacts, bytes: &[u8]) -> Result<Kept> {
    let name = facts.key.rsplit('/').next().unwrap_or(&facts.preset);
    let path = Path::new(sample).join(name);
    let file = out.join(&path);
    std::fs::create_dir_all(file.parent().unwrap_or(out))?;
    std::fs::write(&file, bytes).with_context(|| format!("{} can't be written", file.display()))?;
    Ok(Kept { facts, path })
}

/// Writes the page.
pub(crate) fn write_page(out: &Path, came: &[Came]) -> Result<()> {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Thumbline demo</title><style>\
         body{font:16px/1.4 system-ui;margin:2rem;background:#eee}h2{font-size:1rem;margin:2rem 0 .3rem}\
         img{margin:0 1rem 1rem 0;vertical-align:top;max-width:min(640px,100%);\
         background:repeating-conic-gradient(#ccc 0 25%,#fff 0 50%) 0/16px 16px}</style><h1>Thumbline demo</h1>",
    );
    for picture in came {
        write!(page, "<h2>{}: {}</h2>", escaped(&picture.file), escaped(&picture.told()))?;
        for kept in &picture.thumbnails {
            let source = kept
                .path
                .iter()
                .map(|part| url_encoded(&part.to_string_lossy()))
                .collect::<Vec<_>>()
                .join("/");
            let facts = &kept.facts;
            let (width, height, preset) = (facts.width, facts.height, escaped(&facts.preset));
            write!(page, "<img src=\"{source}\" width=\"{width}\" height=\"{height}\" alt=\"{preset}\">")?;
        }
    }
    std::fs::write(out.join(PAGE), page)
        .with_context(|| format!("{} can't be written", out.join(PAGE).display()))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn url_encoded(part: &str) -> String {
    percent_encoding::utf8_percent_encode(part, percent_encoding::NON_ALPHANUMERIC).to_string()
}
