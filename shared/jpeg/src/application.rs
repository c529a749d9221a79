//! What applications add to a JPEG in its segments `APPn`: which colours its components mean, and an ICC profile.

use crate::frame::Component;
use crate::segment::{Segment, marker};

/// What the components of a picture are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComponentColors {
    /// Luminance alone.
    Gray,
    /// Luminance, and two differences of colour: ITU-T T.871, section 7.
    YCbCr,
    /// Red, green, blue.
    Rgb,
    /// Four inks.
    Cmyk,
    /// CMYK, with its first three components coded as if they were RGB in YCbCr.
    Ycck,
}

/// What the `APPn` segments of a picture say.
#[derive(Clone, Default, Debug)]
pub(crate) struct Application<'a> {
    is_jfif: bool,
    /// The colour transform that Adobe's segment names: 0 none, 1 YCbCr, 2 YCCK.
    adobe_transform: Option<u8>,
    /// Pieces of the profile: its place, how many there are, its bytes.
    profile: Vec<(u8, u8, &'a [u8])>,
}

impl<'a> Application<'a> {
    /// Takes a segment in, if it is one of interest.
    pub(crate) fn read(&mut self, segment: &Segment<'a>) {
        match segment.code {
            marker::APP0 if segment.body.starts_with(b"JFIF\0") => self.is_jfif = true,
            marker::APP14 if segment.body.starts_with(b"Adobe") => {
                // Version, two sets of flags, transform: Adobe Technical Note 5116, section 18.
                if let Some(&transform) = segment.body.get(11) {
                    self.adobe_transform = Some(transform);
                }
            }
            // ICC.1:2022, annex B.4.
            marker::APP2 => {
                if let Some(&[place, count, ref piece @ ..]) = segment.body.strip_prefix(b"ICC_PROFILE\0") {
                    self.profile.push((place, count, piece));
                }
            }
            _ => {}
        }
    }

    /// Whether Adobe's segment is there: programs that write it store inks inverted.
    pub(crate) fn is_adobe(&self) -> bool {
        self.adobe_transform.is_some()
    }

    /// The colours, as libjpeg and all that came after it decide: JFIF means YCbCr, then Adobe's transform counts, and
    /// where neither is there, what the components are called.
    pub(crate) fn colors(&self, components: &[Component]) -> ComponentColors {
        let ids: Vec<u8> = components.iter().map(|component| component.id).collect();
        match (components.len(), self.adobe_transform) {
            (1, _) => ComponentColors::Gray,
            (3, _) if self.is_jfif => ComponentColors::YCbCr,
            (3, Some(0)) => ComponentColors::Rgb,
            (3, None) if ids == *b"RGB" => ComponentColors::Rgb,
            (3, _) => ComponentColors::YCbCr,
            (_, None | Some(0)) => ComponentColors::Cmyk,
            (_, Some(_)) => ComponentColors::Ycck,
        }
    }

    /// The profile, if all its pieces are there.
    pub(crate) fn profile(&self) -> Option<Vec<u8>> {
        let count = self.profile.first()?.1;
        let mut joined = Vec::new();
        for wanted in 1..=count {
            let (.., piece) = self.profile.iter().find(|(place, ..)| *place == wanted)?;
            joined.extend_from_slice(piece);
        }
        Some(joined).filter(|profile| !profile.is_empty())
    }
}
