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
    /// The most memory, in bytes, that one picture may be expected to need besides its source. What a picture needs is
    /// predicted from its header, as an upper bound.
    pub max_memory_bytes: u64,
    /// The most pixels of an animation that is to stay one: frames times width times height of its canvas, but for each frame
    /// 25,000 at least.
    pub max_animation_pixels: u64,
}

impl Default for Limits {
    /// 100 MiB, 120 megapixels, 65,535 pixels on a side, 1 GiB of memory, 200 megapixels of animation.
    ///
    /// 120 megapixels admit the 108 of today's telephones (12,000 × 9,000). 65,535 is the longest side JPEG can have. Most
    /// pictures are decoded by rows and need a few megabytes; those that must be held in full (interlaced PNG, lossless
    /// WebP) take 480 MB at 120 megapixels with 8 bits a sample. 200 megapixels are a thousand frames of 500 × 400, or
    /// eight thousand small ones, and some seconds of work.
    fn default() -> Self {
        Self {
            max_source_bytes: 100 * 1024 * 1024,
            max_pixels: 120_000_000,
            max_side_pixels: 65_535,
            max_memory_bytes: 1024 * 1024 * 1024,
            max_animation_pixels: 200_000_000,
        }
    }
}
