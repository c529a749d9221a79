//! What is handed to an encoder: pixels, or the planes that a JPEG and a lossy WebP are coded as.

use std::sync::Arc;

use crate::header::Size;
use crate::raster::{Channels, Raster};

/// A thumbnail before it is encoded.
#[derive(Clone, Debug)]
pub(crate) enum Picture {
    Pixels(Arc<Raster>),
    Planes(Arc<Planes>),
}

impl Picture {
    /// Pixels across and down.
    pub(crate) fn size(&self) -> Size {
        match self {
            Self::Pixels(raster) => raster.size,
            Self::Planes(planes) => planes.luma.size,
        }
    }
}

/// Luminance, and the two differences of colour at half its resolution in both directions: what ITU-T T.871 calls Y, Cb and Cr.
#[derive(Clone, Debug)]
pub(crate) struct Planes {
    luma: Arc<Raster>,
    chroma: [Arc<Raster>; 2],
}

impl Planes {
    /// `None` if they are not all grey, or not of such sizes.
    pub(crate) fn new([luma, blue, red]: [Arc<Raster>; 3]) -> Option<Self> {
        let fits = |raster: &Raster, size: Size| raster.channels == Channels::Gray && raster.size == size;
        let half = luma.size.halved();
        (fits(&luma, luma.size) && fits(&blue, half) && fits(&red, half))
            .then_some(Self { luma, chroma: [blue, red] })
    }

    /// The samples of Y, Cb and Cr, row by row.
    pub(crate) fn samples(&self) -> [&[u8]; 3] {
        let [blue, red] = &self.chroma;
        [&self.luma.pixels, &blue.pixels, &red.pixels]
    }

    /// Pixels across and down, and the samples, which are copied only where somebody else needs them.
    pub(crate) fn into_samples(self) -> (Size, [Vec<u8>; 3]) {
        let size = self.luma.size;
        let [blue, red] = self.chroma;
        (size, [self.luma, blue, red].map(|plane| Arc::unwrap_or_clone(plane).pixels))
    }
}

/// Pixels of three planes of the same size. `None` if they have different ones.
pub(crate) fn joined([luma, blue, red]: [&Raster; 3]) -> Option<Raster> {
    let size = luma.size;
    let fits = [luma, blue, red].iter().all(|plane| plane.size == size && plane.channels == Channels::Gray);
    let samples = luma.pixels.iter().zip(&blue.pixels).zip(&red.pixels);
    let pixels = samples.flat_map(|((y, cb), cr)| rgb(*y, *cb, *cr)).collect();
    fits.then_some(Raster { size, channels: Channels::Rgb, pixels })
}

/// ITU-T T.871, section 7, to the nearest, with 16 bits of precision.
fn rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    let sums = [y + 91_881 * cr, y - 22_554 * cb - 46_802 * cr, y + 116_130 * cb];
    sums.map(|sum| u8::try_from(((sum + (1 << 15)) >> 16).clamp(0, 255)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(width: u32, height: u32, sample: u8) -> Arc<Raster> {
        let size = Size::new(width, height);
        let pixels = vec![sample; (width * height) as usize];
        Arc::new(Raster { size, channels: Channels::Gray, pixels })
    }

    #[test]
    fn colours_have_half_as_many_samples_rounded_up() {
        let of = |width, height| Planes::new([plane(5, 4, 0), plane(width, height, 0), plane(3, 2, 0)]);
        assert!(of(3, 2).is_some());
        assert!(of(2, 2).is_none() && of(5, 4).is_none());
        assert!(joined([&plane(5, 4, 0), &plane(3, 2, 0), &plane(3, 2, 0)]).is_none());
    }

    #[test]
    fn planes_become_the_colours_that_they_mean() {
        for ([y, cb, cr], expected) in [
            ([0, 128, 128], [0, 0, 0]),
            ([255, 128, 128], [255, 255, 255]),
            // The primary colours, as T.871 codes them.
            ([76, 85, 255], [254, 0, 0]),
            ([150, 44, 21], [0, 255, 1]),
            ([29, 255, 107], [0, 0, 254]),
        ] {
            let pixels = joined([&plane(1, 1, y), &plane(1, 1, cb), &plane(1, 1, cr)]).unwrap().pixels;
            assert_eq!(pixels, expected);
        }
    }
}
