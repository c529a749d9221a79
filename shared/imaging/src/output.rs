//! In what a thumbnail is written: a format, or the choice of it.

use std::fmt;

use crate::format::OutputFormat;

/// What a rendition asks to be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Output {
    /// This format, whatever the picture is.
    Fixed(OutputFormat),
    /// The smallest that does the picture justice: lossy WebP for photographs, and for flat graphics lossless WebP or PNG.
    /// Transparency is kept. `docs/imaging.md` has the rule.
    Auto,
}

impl Output {
    /// The name used in presets: lower case, stable.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fixed(format) => format.name(),
            Self::Auto => "auto",
        }
    }

    /// Whether a thumbnail may come out in this format.
    pub fn may_be(self, format: OutputFormat) -> bool {
        match self {
            Self::Fixed(fixed) => fixed == format,
            Self::Auto => matches!(format, OutputFormat::WebP | OutputFormat::Png),
        }
    }

    /// Every format that a thumbnail may come out in.
    pub fn formats(self) -> impl Iterator<Item = OutputFormat> {
        OutputFormat::ALL.iter().copied().filter(move |format| self.may_be(*format))
    }

    /// Whether whatever comes out can be transparent.
    pub fn has_alpha(self) -> bool {
        self.formats().all(OutputFormat::has_alpha)
    }

    /// The longest side, in pixels, of whatever comes out.
    pub fn max_side_pixels(self) -> u32 {
        self.formats().map(OutputFormat::max_side_pixels).min().unwrap_or(u32::MAX)
    }
}

impl Default for Output {
    fn default() -> Self {
        Self::Fixed(OutputFormat::default())
    }
}

impl From<OutputFormat> for Output {
    fn from(format: OutputFormat) -> Self {
        Self::Fixed(format)
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
