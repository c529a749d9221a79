//! How much of a picture is too much, decided from its header.
//!
//! A few kilobytes can describe a picture of gigabytes. Everything here is held against the header before anything of
//! that size is allocated.

/// The largest picture that is taken.
///
/// Start from [`Limits::default`] and change what should differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest source, in bytes of the file.
    pub max_source_bytes: u64,
    /// The most pixels: width times height, as stored.
    pub max_pixels: u64,
    /// The longest side, in pixels.
    pub max_side_pixels: u32,
}

impl Default for Limits {
    /// 100 MiB, 120 megapixels, 65,535 pixels on a side.
    ///
    /// 120 megapixels admit the 108 of today's telephones (12,000 × 9,000). Decoded they take 360 MB as RGB and 480 MB
    /// as RGBA; the decoder of progressive JPEG holds 2 bytes per coefficient on top of it, 720 MB at worst, and
    /// 16-bit RGBA takes 960 MB: a function of 1,769 MB holds any of these. 65,535 is the longest side JPEG can have.
    fn default() -> Self {
        Self { max_source_bytes: 100 * 1024 * 1024, max_pixels: 120_000_000, max_side_pixels: 65_535 }
    }
}
