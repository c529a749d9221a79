//! The formats that go in and the formats that come out: two lists that grow apart, so two types.

use std::fmt;

/// A format that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceFormat {
    /// JPEG: baseline and progressive, grey, YCbCr, CMYK and YCCK.
    Jpeg,
    /// PNG of every bit depth; the default image of an animated one.
    Png,
    /// GIF: the first frame, on its canvas.
    Gif,
    /// WebP, lossy or lossless; the first frame of an animated one.
    WebP,
    /// AVIF: the still picture, or the first frame of a film.
    Avif,
    /// Windows bitmap.
    Bmp,
    /// TIFF: the first page.
    Tiff,
}

impl SourceFormat {
    /// Every format that can be read.
    pub const ALL: &'static [Self] =
        &[Self::Jpeg, Self::Png, Self::Gif, Self::WebP, Self::Avif, Self::Bmp, Self::Tiff];

    /// The name used in logs and manifests: lower case, stable.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::WebP => "webp",
            Self::Avif => "avif",
            Self::Bmp => "bmp",
            Self::Tiff => "tiff",
        }
    }
}

impl fmt::Display for SourceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A format that thumbnails can be written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OutputFormat {
    /// JPEG. It has no alpha: transparent pictures are laid on the rendition's background.
    Jpeg,
    /// PNG, 8 bits per channel.
    Png,
    /// Lossy WebP, with alpha where the picture has any.
    #[default]
    WebP,
    /// AVIF, 8 bits per channel, with alpha where the picture has any.
    Avif,
}

impl OutputFormat {
    /// Every format that can be written.
    pub const ALL: &'static [Self] = &[Self::Jpeg, Self::Png, Self::WebP, Self::Avif];

    /// The name used in presets, logs and manifests: lower case, stable.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Avif => "avif",
        }
    }

    /// The extension of a file in this format, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Avif => "avif",
        }
    }

    /// The media type, for `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Avif => "image/avif",
        }
    }

    /// Whether a picture in this format can be transparent.
    pub fn has_alpha(self) -> bool {
        match self {
            Self::Jpeg => false,
            Self::Png | Self::WebP | Self::Avif => true,
        }
    }

    /// The longest side, in pixels, that this format can describe.
    ///
    /// JPEG counts lines and samples in 16 bits (ITU-T T.81, B.2.2), a WebP frame in 14 (RFC 6386, 9.1), PNG in 31
    /// (PNG specification, 11.2.1). AV1 has 16 bits for a side less one (specification, 5.5.1), of which rav1e uses all but
    /// the last.
    pub fn max_side_pixels(self) -> u32 {
        match self {
            Self::Jpeg | Self::Avif => 65_535,
            Self::Png => 0x7FFF_FFFF,
            Self::WebP => 16_383,
        }
    }
}

impl fmt::Display for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
