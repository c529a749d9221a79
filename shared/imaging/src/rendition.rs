//! What is asked for: one box, one fit, one format.

use crate::output::Output;
use crate::position::Position;

/// How a picture meets the box that is asked for. The words are those of CSS `object-fit`, and of sharp.
///
/// With one side of the box missing the aspect ratio decides that side, and every fit behaves as [`Fit::Inside`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fit {
    /// As large as fits into the box, aspect ratio kept.
    #[default]
    Inside,
    /// Fills the box, aspect ratio kept; what hangs over is cut off, by default evenly on both sides.
    Cover,
    /// As large as fits into the box, padded to exactly the box.
    Contain,
    /// Stretched to the box.
    Fill,
}

impl Fit {
    /// The name used in presets: lower case, stable.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Cover => "cover",
            Self::Contain => "contain",
            Self::Fill => "fill",
        }
    }
}

/// A colour without transparency: red, green, blue, in sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rgb(pub [u8; 3]);

impl Rgb {
    /// What transparent pictures are laid on where no background is named.
    pub const WHITE: Self = Self([255; 3]);
}

/// One thumbnail that is asked for.
///
/// ```
/// use thumbline_imaging::{Fit, OutputFormat, Rendition};
///
/// let square = Rendition::new(Some(200), Some(200)).with_fit(Fit::Cover).with_quality(75);
/// let wide = Rendition::new(Some(640), None).with_format(OutputFormat::Jpeg);
/// # assert_eq!((square.quality, wide.height), (75, None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a word of its own in a preset, and none is a state"
)]
pub struct Rendition {
    /// Width of the box in pixels; `None` leaves it to the aspect ratio.
    pub width: Option<u32>,
    /// Height of the box in pixels; `None` leaves it to the aspect ratio. Without either the picture keeps its size.
    pub height: Option<u32>,
    /// How the picture meets the box.
    pub fit: Fit,
    /// What is kept where the picture hangs over, and where it lies where it does not fill the box.
    pub position: Position,
    /// The format to write, or that it is to be chosen.
    pub format: Output,
    /// 1 to 100, for the lossy formats; PNG has no use for it.
    pub quality: u8,
    /// Whether WebP, or whatever is chosen, keeps every pixel as it is. PNG always does, and JPEG cannot.
    pub lossless: bool,
    /// Whether a JPEG shows the whole picture, coarsely, long before all of it has come. Other formats cannot.
    pub progressive: bool,
    /// Whether a picture smaller than the box may grow.
    pub enlarge: bool,
    /// What shows behind transparent pixels and in the padding of [`Fit::Contain`]. `None` keeps transparency where
    /// the format has it, and is white where it has not.
    pub background: Option<Rgb>,
    /// Whether a source that moves gives a thumbnail that moves, in a format that can: WebP. `false` takes the first frame.
    pub animated: bool,
}

impl Rendition {
    /// The quality where none is asked for.
    pub const DEFAULT_QUALITY: u8 = 80;

    /// A WebP of quality 80 inside the given box, not enlarged.
    pub fn new(width: Option<u32>, height: Option<u32>) -> Self {
        Self {
            width,
            height,
            fit: Fit::default(),
            position: Position::default(),
            format: Output::default(),
            quality: Self::DEFAULT_QUALITY,
            lossless: false,
            progressive: false,
            enlarge: false,
            background: None,
            animated: false,
        }
    }

    /// The same with another fit.
    #[must_use]
    pub fn with_fit(self, fit: Fit) -> Self {
        Self { fit, ..self }
    }

    /// The same with another position.
    #[must_use]
    pub fn with_position(self, position: Position) -> Self {
        Self { position, ..self }
    }

    /// The same in another format, or in [`Output::Auto`].
    #[must_use]
    pub fn with_format(self, format: impl Into<Output>) -> Self {
        Self { format: format.into(), ..self }
    }

    /// The same without (or with) loss, as WebP or by choice.
    #[must_use]
    pub fn with_lossless(self, lossless: bool) -> Self {
        Self { lossless, ..self }
    }

    /// The same as a progressive JPEG, or as one that comes from top to bottom.
    #[must_use]
    pub fn with_progressive(self, progressive: bool) -> Self {
        Self { progressive, ..self }
    }

    /// The same with another quality, 1 to 100.
    #[must_use]
    pub fn with_quality(self, quality: u8) -> Self {
        Self { quality, ..self }
    }

    /// The same, allowed (or not) to make small pictures larger.
    #[must_use]
    pub fn with_enlarge(self, enlarge: bool) -> Self {
        Self { enlarge, ..self }
    }

    /// The same on another background.
    #[must_use]
    pub fn with_background(self, background: Option<Rgb>) -> Self {
        Self { background, ..self }
    }

    /// The same, moving (or not) where the source does.
    #[must_use]
    pub fn with_animated(self, animated: bool) -> Self {
        Self { animated, ..self }
    }
}
