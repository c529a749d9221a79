//! From a picture to a file.

use crate::analysis::Survey;
use crate::arithmetic::Processor;
use crate::coding::Coding;
use crate::container;
use crate::error::Error;
use crate::frame;
use crate::loop_filter;
use crate::picture::{Picture, check_length, check_size};
use crate::planes::{Plane, Planes};
use crate::segmentation::Segmentation;

/// Encodes pictures of some quality.
#[derive(Clone, Copy, Debug)]
pub struct Encoder {
    quality: u8,
    pub(crate) processor: Processor,
    /// What all modes may take, if it is to be less than the format has room for.
    pub(crate) mode_bits: Option<u64>,
}

/// A picture in the colours and macroblocks that it is coded in: what it was made of is needed no longer.
#[derive(Clone, Debug)]
pub struct Converted {
    width: usize,
    height: usize,
    planes: Planes,
}

impl Converted {
    /// Converts a picture.
    pub fn of(picture: &Picture<'_>) -> Self {
        Self { width: picture.width, height: picture.height, planes: Planes::of(picture) }
    }

    /// Converts a picture of `width` × `height` pixels in the colours of JPEG (ITU-T T.871, section 7), in the place where it is: Y
    /// of all pixels, then Cb and Cr at half the resolution in both directions, rounded up, each sample in the middle of four
    /// pixels. For who has them: the format has the same colours, in a narrower range, and nothing is lost on the way
    /// through RGB.
    ///
    /// # Errors
    ///
    /// [`Error::Size`] if a side is 0 or above [`MAX_SIDE`](crate::MAX_SIDE), [`Error::Pixels`] if a plane has another length.
    pub fn of_planes(width: u32, height: u32, planes: [Vec<u8>; 3]) -> Result<Self, Error> {
        let (width, height) = check_size(width, height)?;
        let half = width.div_ceil(2) * height.div_ceil(2);
        for (plane, expected) in planes.iter().zip([width * height, half, half]) {
            check_length(plane, expected)?;
        }
        Ok(Self { width, height, planes: Planes::narrowed(planes, (width, height)) })
    }

    /// Both sides in pixels, the width first.
    fn size(&self) -> (u32, u32) {
        (self.width as u32, self.height as u32)
    }
}

/// What a decoder makes of a file: luma, and two planes of chroma at half its resolution, rounded up. Row by row, without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconstruction {
    /// Luma, 16 to 235 where there is no overshoot.
    pub luma: Vec<u8>,
    /// The difference of blue from luma, around 128.
    pub blue: Vec<u8>,
    /// The difference of red from luma, around 128.
    pub red: Vec<u8>,
}

impl Encoder {
    /// An encoder for a quality of 1 to 100, on libwebp's scale.
    ///
    /// # Errors
    ///
    /// [`Error::Quality`] if it is not within 1 to 100.
    pub fn new(quality: u8) -> Result<Self, Error> {
        if !(1..=100).contains(&quality) {
            return Err(Error::Quality { quality });
        }
        Ok(Self { quality, processor: Processor::detect(), mode_bits: None })
    }

    /// A file of a picture. Its alpha, if it has any, is left out; but what is fully transparent may come out as anything.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyModes`] or [`Error::TooLong`], where a picture of hundreds of megapixels does not fit the format.
    pub fn encode(&self, picture: &Picture<'_>) -> Result<Vec<u8>, Error> {
        self.encode_converted(Converted::of(picture), None)
    }

    /// The same with alpha: `alpha` is what the chunk `ALPH` is to have (RFC 9649, 2.7.1.2), and is not looked at.
    ///
    /// # Errors
    ///
    /// As for [`encode`](Self::encode).
    pub fn encode_with_alpha(&self, picture: &Picture<'_>, alpha: &[u8]) -> Result<Vec<u8>, Error> {
        self.encode_converted(Converted::of(picture), Some(alpha))
    }

    /// The same for a picture whose pixels could be let go of before it is encoded.
    ///
    /// # Errors
    ///
    /// As for [`encode`](Self::encode).
    pub fn encode_converted(&self, picture: Converted, alpha: Option<&[u8]>) -> Result<Vec<u8>, Error> {
        let size = picture.size();
        let (frame, _) = self.encode_frame(picture, false)?;
        container::wrap(&frame, alpha, size)
    }

    /// A file, and what every decoder must make of it, to the bit.
    ///
    /// # Errors
    ///
    /// As for [`encode`](Self::encode).
    pub fn encode_and_reconstruct(&self, picture: &Picture<'_>) -> Result<(Vec<u8>, Reconstruction), Error> {
        let (frame, planes) = self.encode_frame(Converted::of(picture), true)?;
        let (width, height) = (picture.width, picture.height);
        let crop = |plane: &Plane, width: usize, height: usize| {
            let rows = plane.samples.chunks_exact(plane.stride).take(height);
            rows.flat_map(|row| &row[..width]).copied().collect()
        };
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        let reconstruction = Reconstruction {
            luma: crop(&planes.luma, width, height),
            blue: crop(&planes.chroma[0], half_width, half_height),
            red: crop(&planes.chroma[1], half_width, half_height),
        };
        Ok((container::wrap(&frame, None, picture.size())?, reconstruction))
    }

    fn encode_frame(&self, picture: Converted, reconstructs: bool) -> Result<(Vec<u8>, Planes), Error> {
        let Converted { width, height, planes } = picture;
        let analysis = self.processor.run(Survey(&planes));
        let segmentation = Segmentation::new(&analysis, self.quality);
        drop(analysis);
        let mut decoded =
            if reconstructs { Planes::new(planes.across, planes.down) } else { Planes::new(0, 0) };
        let wanted = reconstructs.then_some(&mut decoded);
        let mut coding = Coding::new(&planes, &segmentation, wanted);
        if let Some(bits) = self.mode_bits {
            coding.mode_bits = bits;
        }
        let coded = self.processor.run(coding);
        let across = planes.across;
        drop(planes);
        let frame = frame::write((width, height), across, &coded, &segmentation)?;
        if reconstructs {
            loop_filter::filter(&mut decoded, &coded.choices, &coded.filters);
        }
        Ok((frame, decoded))
    }
}

#[cfg(test)]
mod tests;
