//! What a macroblock is predicted from: the samples above it and to its left, and what stands for them where there are none.

use crate::arithmetic::{Arithmetic, LANES, Row};
use crate::mode::Mode;

/// What stands for samples above the picture, and for those to its left (RFC 6386, 12.2).
pub(crate) const ABOVE_PICTURE: u8 = 127;
pub(crate) const LEFT_OF_PICTURE: u8 = 129;

/// The samples around one square of one plane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edges<const SIDE: usize> {
    pub(crate) above: [u8; SIDE],
    pub(crate) left: [u8; SIDE],
    pub(crate) corner: u8,
    /// Whether they are of the picture.
    pub(crate) has_above: bool,
    pub(crate) has_left: bool,
}

impl<const SIDE: usize> Edges<SIDE> {
    /// Where there is nothing around.
    pub(crate) const NONE: Self = Self {
        above: [ABOVE_PICTURE; SIDE],
        left: [LEFT_OF_PICTURE; SIDE],
        corner: ABOVE_PICTURE,
        has_above: false,
        has_left: false,
    };

    /// The mean of those samples that are of the picture, or 128 (RFC 6386, 12.2).
    fn mean(&self) -> u8 {
        let sum = |samples: &[u8; SIDE]| samples.iter().map(|&sample| u32::from(sample)).sum::<u32>();
        let side = SIDE as u32;
        let mean = match (self.has_above, self.has_left) {
            (true, true) => (sum(&self.above) + sum(&self.left) + side) / (2 * side),
            (true, false) => (sum(&self.above) + side / 2) / side,
            (false, true) => (sum(&self.left) + side / 2) / side,
            (false, false) => 128,
        };
        mean as u8
    }
}

/// The same, for each block of 4×4 in its lane: for each of its columns what is above the macroblock there, and for each of
/// its rows what is to the left.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    above: [Row; 4],
    left: [Row; 4],
    corner: Row,
    mean: Row,
}

impl Surroundings {
    /// For luma: 16 blocks, row by row.
    #[inline(always)]
    pub(crate) fn of_luma(edges: &Edges<16>) -> Self {
        let mut this = Self {
            above: [[0; LANES]; 4],
            left: [[0; LANES]; 4],
            corner: [edges.corner.into(); LANES],
            mean: [edges.mean().into(); LANES],
        };
        for lane in 0..LANES {
            for place in 0..4 {
                this.above[place][lane] = edges.above[lane % 4 * 4 + place].into();
                this.left[place][lane] = edges.left[lane / 4 * 4 + place].into();
            }
        }
        this
    }

    /// For chroma: four blocks of each plane, and all of that once more.
    #[inline(always)]
    pub(crate) fn of_chroma(planes: &[Edges<8>; 2]) -> Self {
        let mut this =
            Self { above: [[0; LANES]; 4], left: [[0; LANES]; 4], corner: [0; LANES], mean: [0; LANES] };
        let means = [planes[0].mean(), planes[1].mean()];
        for lane in 0..LANES {
            let plane = lane / 4 % 2;
            let edges = &planes[plane];
            this.corner[lane] = edges.corner.into();
            this.mean[lane] = means[plane].into();
            for place in 0..4 {
                this.above[place][lane] = edges.above[lane % 2 * 4 + place].into();
                this.left[place][lane] = edges.left[lane % 4 / 2 * 4 + place].into();
            }
        }
        this
    }

    /// The prediction (RFC 6386, 12.2), row by row.
    #[inline(always)]
    pub(crate) fn predict<A: Arithmetic>(&self, a: A, mode: Mode) -> [A::Lanes; 16] {
        let mut samples = [a.load(&self.mean); 16];
        for (index, sample) in samples.iter_mut().enumerate() {
            let (x, y) = (index % 4, index / 4);
            *sample = match mode {
                Mode::Mean => *sample,
                Mode::Vertical => a.load(&self.above[x]),
                Mode::Horizontal => a.load(&self.left[y]),
                Mode::TrueMotion => {
                    let slope = a.subtract(a.load(&self.above[x]), a.load(&self.corner));
                    a.to_sample(a.add(a.load(&self.left[y]), slope))
                }
            };
        }
        samples
    }
}
