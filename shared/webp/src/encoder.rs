//! From a picture to a file.

use crate::analysis::Survey;
use crate::arithmetic::Processor;
use crate::coding::Coding;
use crate::container;
use crate::error::Error;
use crate::frame;
use crate::loop_filter;
use crate::picture::Picture;
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
        let (frame, _) = self.encode_frame(picture, false)?;
        container::wrap(&frame, None, picture.size())
    }

    /// The same with alpha: `alpha` is what the chunk `ALPH` is to have (RFC 9649, 2.7.1.2), and is not looked at.
    ///
    /// # Errors
    ///
    /// As for [`encode`](Self::encode).
    pub fn encode_with_alpha(&self, picture: &Picture<'_>, alpha: &[u8]) -> Result<Vec<u8>, Error> {
        let (frame, _) = self.encode_frame(picture, false)?;
        container::wrap(&frame, Some(alpha), picture.size())
    }

    /// A file, and what every decoder must make of it, to the bit.
    ///
    /// # Errors
    ///
    /// As for [`encode`](Self::encode).
    pub fn encode_and_reconstruct(&self, picture: &Picture<'_>) -> Result<(Vec<u8>, Reconstruction), Error> {
        let (frame, planes) = self.encode_frame(picture, true)?;
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

    fn encode_frame(&self, picture: &Picture<'_>, reconstructs: bool) -> Result<(Vec<u8>, Planes), Error> {
        let planes = Planes::of(picture);
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
        let size = (picture.width, picture.height);
        let frame = frame::write(size, across, &coded, &segmentation)?;
        if reconstructs {
            loop_filter::filter(&mut decoded, &coded.choices, &coded.filters);
        }
        Ok((frame, decoded))
    }
}

#[cfg(test)]
mod tests;
