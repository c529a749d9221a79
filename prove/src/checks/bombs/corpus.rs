//! All liars.

use crate::check::Length;

use super::liar::Liar;
use super::{avif, bmp, cut, disguises, gif, jpeg, png, tiff, webp};

/// All of them. The long form has the same with more of everything: more frames, more scans, more megabytes behind a few bytes.
pub(super) fn all(length: Length) -> anyhow::Result<Vec<Liar>> {
    let mut liars = png::liars(length)?;
    liars.extend(jpeg::liars(length));
    liars.extend(gif::liars(length)?);
    liars.extend(webp::liars(length)?);
    liars.extend(tiff::liars(length)?);
    liars.extend(bmp::liars());
    liars.extend(avif::liars()?);
    liars.extend(disguises::liars()?);
    liars.extend(cut::liars()?);
    Ok(liars)
}
