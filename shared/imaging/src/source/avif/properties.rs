//! What is said about an item: its size, how it is turned, what its colours mean (ISO/IEC 23008-12, 6.5; MIAF,
//! ISO/IEC 23000-22, 7.3).

use super::boxes::{Content, corrupt, shown, unsupported};
use super::meta::Property;
use super::sequence::Coding;
use crate::error::Error;
use crate::header::Size;
use crate::orientation::Orientation;

/// Names under which an auxiliary picture is one of alpha: that of MIAF, and that of HEVC, which old writers use.
const ALPHA: [&[u8]; 2] = [b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1"];

/// The properties of one item.
#[derive(Default)]
pub(super) struct Properties<'a> {
    /// `ispe`: the size of what is decoded.
    pub(super) size: Option<Size>,
    /// `clap`: the part of it that is shown.
    pub(super) aperture: Option<Aperture>,
    /// `irot` and `imir`, one after the other.
    pub(super) orientation: Orientation,
    /// `colr` of the kind `nclx`.
    pub(super) coding: Option<Coding>,
    /// `colr` of the kinds `prof` and `rICC`.
    pub(super) profile: Option<&'a [u8]>,
    /// `auxC` that says alpha.
    pub(super) is_alpha: bool,
    /// `a1op`: which of several versions inside the AV1 data is meant.
    pub(super) operating_point: u8,
}

/// A clean aperture: its size, and how far its centre lies from the picture's, each a fraction (ISO/IEC 14496-12,
/// 12.1.4).
#[derive(Clone, Copy)]
pub(super) struct Aperture {
    width: (u32, u32),
    height: (u32, u32),
    right: (u32, u32),
    down: (u32, u32),
}

/// A part of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) size: Size,
}

impl<'a> Properties<'a> {
    /// Reads the properties of an item in their order. One that is essential and unknown means that the item cannot be
    /// shown as it is meant.
    pub(super) fn read(properties: Vec<Property<'a>>) -> Result<Self, Error> {
        let mut read = Self::default();
        for Property { mut content, essential } in properties {
            match &content.name() {
                b"ispe" => {
                    content.version_and_flags()?;
                    read.size = Some(Size::new(content.u32()?, content.u32()?));
                }
                b"clap" => read.aperture = Some(Aperture::read(content)?),
                b"irot" => {
                    for _ in 0..content.u8()? & 3 {
                        read.orientation = read.orientation.turned_left();
                    }
                }
                b"imir" => {
                    read.orientation = match content.u8()? & 1 {
                        0 => read.orientation.upside_down(),
                        _ => read.orientation.mirrored(),
                    }
                }
                b"colr" => read.read_colors(content)?,
                b"auxC" => {
                    content.version_and_flags()?;
                    let kind = content.rest().split(|byte| *byte == 0).next().unwrap_or_default();
                    read.is_alpha = ALPHA.contains(&kind);
                }
                b"a1op" => read.operating_point = content.u8()? & 31,
                b"lsel" => check_layer(content)?,
                b"av1C" | b"pixi" | b"pasp" | b"a1lx" | b"clli" | b"mdcv" | b"cclv" | b"amve" => {}
                name if essential => {
                    return Err(unsupported(&format!("the essential property {}", shown(*name))));
                }
                _ => {}
            }
        }
        Ok(read)
    }

    /// The first of each kind is the one that counts (MIAF, 7.3.6.4 allows one of each).
    fn read_colors(&mut self, mut content: Content<'a>) -> Result<(), Error> {
        match &content.array()? {
            b"nclx" if self.coding.is_none() => {
                self.coding = Some(Coding {
                    primaries: content.u16()?,
                    transfer: content.u16()?,
                    matrix: content.u16()?,
                    full_range: content.u8()? & 0x80 != 0,
                });
            }
            b"prof" | b"rICC" if self.profile.is_none() => self.profile = Some(content.rest()),
            _ => {}
        }
        Ok(())
    }
}

/// `lsel`: 0xFFFF leaves the choice to the operating point.
fn check_layer(mut content: Content<'_>) -> Result<(), Error> {
    match content.u16()? {
        u16::MAX => Ok(()),
        layer => Err(unsupported(&format!("layers, of which number {layer} is chosen"))),
    }
}

impl Aperture {
    fn read(mut content: Content<'_>) -> Result<Self, Error> {
        let mut fraction = || Ok::<_, Error>((content.u32()?, content.u32()?));
        Ok(Self { width: fraction()?, height: fraction()?, right: fraction()?, down: fraction()? })
    }

    /// The part of a picture that shows, to the nearest pixels.
    pub(super) fn window(self, of: Size) -> Result<Window, Error> {
        let (x, width) = side(of.width, self.width, self.right)?;
        let (y, height) = side(of.height, self.height, self.down)?;
        Ok(Window { x, y, size: Size::new(width, height) })
    }
}

/// Where a clean aperture begins on one side, and how long it is. Offsets are signed.
fn side(whole: u32, length: (u32, u32), offset: (u32, u32)) -> Result<(u32, u32), Error> {
    let outside = || corrupt("the clean aperture lies outside the picture");
    let ratio = |numerator: f64, denominator: u32| numerator / f64::from(denominator.max(1));
    let shown = ratio(length.0.into(), length.1).round();
    let middle = ratio(offset.0.cast_signed().into(), offset.1);
    let begin = ((f64::from(whole) - shown) / 2.0 + middle).round();
    if begin < 0.0 || shown < 1.0 || begin + shown > f64::from(whole) {
        return Err(outside());
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the side, as checked")]
    Ok((begin as u32, shown as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(boxes: &[&[u8]]) -> Properties<'static> {
        let properties = boxes.iter().map(|bytes| {
            let (name, content) = bytes.split_first_chunk().unwrap();
            Property { content: Content::new(*name, content.to_vec().leak()), essential: true }
        });
        Properties::read(properties.collect()).unwrap()
    }

    #[test]
    fn turns_and_mirrors_are_applied_in_their_order() {
        for (boxes, exif) in [
            (&[][..], 1),
            (&[&b"imir\x01"[..]][..], 2),
            (&[b"irot\x02"], 3),
            (&[b"imir\x00"], 4),
            (&[b"irot\x01", b"imir\x00"], 5),
            (&[b"irot\x03"], 6),
            (&[b"irot\x01", b"imir\x01"], 7),
            (&[b"irot\x01"], 8),
            (&[b"imir\x01", b"irot\x01"], 5),
        ] {
            assert_eq!(read(boxes).orientation.exif(), exif, "{boxes:?}");
        }
    }

    #[test]
    fn a_clean_aperture_is_placed_around_the_centre() {
        let aperture = |right: i32| Aperture {
            width: (60, 1),
            height: (40, 2),
            right: (right.cast_unsigned(), 1),
            down: (0, 1),
        };
        let of = Size::new(100, 30);
        let window = |x| Window { x, y: 5, size: Size::new(60, 20) };
        assert_eq!(aperture(0).window(of).unwrap(), window(20));
        assert_eq!(aperture(-20).window(of).unwrap(), window(0));
        assert_eq!(aperture(20).window(of).unwrap(), window(40));
        assert_eq!(aperture(21).window(of).err().unwrap().code(), "corrupt");
    }
}
