//! Goes through a picture's macroblocks, and chooses how each is coded.

use crate::arithmetic::{Arithmetic, LANES, Work};
use crate::blocks::{self, Neighbours};
use crate::chroma::{self, Lost};
use crate::filtering::Trials;
use crate::macroblock::{Choice, Decoded, Levels, Luma, Outcome, Source};
use crate::mode::Mode4;
use crate::planes::Planes;
use crate::rate;
use crate::residuals::{Presence, Residuals};
use crate::segmentation::{SEGMENTS, Segmentation};
use crate::statistics::Statistics;
use crate::surroundings::{ABOVE_PICTURE, Edges, LEFT_OF_PICTURE, Surroundings};
use crate::tables::coefficients::DEFAULT;
use crate::transform;
use crate::whole::{Site, Whole};

/// The probabilities that costs are worked out from are renewed so many times, but not before so many macroblocks.
const RENEWALS: usize = 8;
const RENEWED_AFTER: usize = 96;

/// What all choices of modes may take, in 1/256 bits: the format has room for 2^19 bytes, less what the header may need.
const MODE_BITS: u64 = ((1 << 19) - 4096) * 8 * 256;

/// A picture, and how it is divided.
pub(crate) struct Coding<'a> {
    pub(crate) planes: &'a Planes,
    pub(crate) segmentation: &'a Segmentation,
    /// Where what a decoder will have is wanted, before its loop filter.
    pub(crate) decoded: Option<&'a mut Planes>,
    /// What all choices of modes may take: [`MODE_BITS`] but in tests.
    pub(crate) mode_bits: u64,
}

/// All that there is to write.
pub(crate) struct Coded {
    pub(crate) choices: Vec<Choice>,
    pub(crate) residuals: Residuals,
    pub(crate) statistics: Statistics,
    /// The strength of the loop filter for each segment.
    pub(crate) filters: [u8; SEGMENTS],
}

impl<'a> Coding<'a> {
    pub(crate) fn new(
        planes: &'a Planes,
        segmentation: &'a Segmentation,
        decoded: Option<&'a mut Planes>,
    ) -> Self {
        Self { planes, segmentation, decoded, mode_bits: MODE_BITS }
    }
}

/// What the row above has left for the one below.
struct RowAbove {
    /// Four samples more than the picture's width.
    luma: Vec<u8>,
    chroma: [Vec<u8>; 2],
    presence: Vec<Presence>,
    modes: Vec<[Mode4; 4]>,
    lost: Vec<Lost>,
}

impl RowAbove {
    fn new(across: usize) -> Self {
        Self {
            luma: vec![ABOVE_PICTURE; across * 16 + 4],
            chroma: [vec![ABOVE_PICTURE; across * 8], vec![ABOVE_PICTURE; across * 8]],
            presence: vec![[false; 9]; across],
            modes: vec![[Mode4::MEAN; 4]; across],
            lost: vec![[[0; 2]; 2]; across],
        }
    }
}

/// What the macroblock to the left has left.
struct LeftOf {
    luma: [u8; 16],
    chroma: [[u8; 8]; 2],
    /// Of luma and both planes of chroma.
    corners: [u8; 3],
    presence: Presence,
    modes: [Mode4; 4],
    lost: Lost,
}

impl LeftOf {
    /// At the start of a row.
    fn new(down: usize) -> Self {
        Self {
            luma: [LEFT_OF_PICTURE; 16],
            chroma: [[LEFT_OF_PICTURE; 8]; 2],
            corners: [if down == 0 { ABOVE_PICTURE } else { LEFT_OF_PICTURE }; 3],
            presence: [false; 9],
            modes: [Mode4::MEAN; 4],
            lost: [[0; 2]; 2],
        }
    }
}

/// `SIDE` samples of a row.
#[inline(always)]
fn chunk<const SIDE: usize>(row: &[u8], start: usize) -> [u8; SIDE] {
    row.get(start..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([ABOVE_PICTURE; SIDE])
}

impl Work for Coding<'_> {
    type Outcome = Coded;

    #[inline(always)]
    fn run<A: Arithmetic>(mut self, a: A) -> Coded {
        let planes = self.planes;
        let count = planes.across * planes.down;
        let renewed_after = (count / RENEWALS).max(RENEWED_AFTER);
        let mut coded = Coded {
            choices: Vec::with_capacity(count),
            residuals: Residuals::default(),
            statistics: Statistics::new(),
            filters: [0; SEGMENTS],
        };
        let mut trials = Trials::new(planes.across, planes.down);
        let mut rates = rate::tabulate(&DEFAULT);
        let mut above = RowAbove::new(planes.across);
        let mut result = Outcome { levels: Levels::NONE, decoded: Decoded::NONE };
        let mut spent = 0;
        for down in 0..planes.down {
            let mut left = LeftOf::new(down);
            for across in 0..planes.across {
                let index = coded.choices.len();
                if index > 0 && index.is_multiple_of(renewed_after) {
                    rates = rate::tabulate(&coded.statistics.choose());
                }
                // Those so far may have spent what is their share; what they have saved, the next may have.
                let share = self.mode_bits * (index as u64 + 1) / count as u64;
                let mode_bits = share.saturating_sub(spent).min(u64::from(u32::MAX)) as u32;
                let place = MacroblockPlace { across, down, mode_bits, rates: &rates };
                let choice = self.choose(a, &place, &mut above, &mut left, &mut coded, &mut result);
                spent += crate::frame::mode_bits(&choice, above.modes[across], left.modes);
                keep_modes(&choice, &mut above.modes[across], &mut left.modes);
                keep_samples(&result.decoded, across, &mut above, &mut left);
                trials.take(&result.decoded, across, down);
                if let Some(all) = self.decoded.as_deref_mut() {
                    result.decoded.put(all, across, down);
                }
                coded.choices.push(choice);
            }
            trials.try_row(planes, &coded.choices, down, &self.segmentation.filters);
        }
        coded.filters = trials.strengths(&self.segmentation.filters);
        coded
    }
}

/// Where a macroblock is, and what it may take.
struct MacroblockPlace<'a> {
    across: usize,
    down: usize,
    mode_bits: u32,
    rates: &'a rate::Rates,
}

impl Coding<'_> {
    #[inline(always)]
    fn choose<A: Arithmetic>(
        &self,
        a: A,
        place: &MacroblockPlace<'_>,
        above: &mut RowAbove,
        left: &mut LeftOf,
        coded: &mut Coded,
        result: &mut Outcome,
    ) -> Choice {
        let (across, down) = (place.across, place.down);
        let segment_index = self.segmentation.of[coded.choices.len()];
        let segment = &self.segmentation.segments[usize::from(segment_index)];
        let source = Source::of(self.planes, across, down);
        let luma_edges = Edges {
            above: chunk(&above.luma, across * 16),
            left: left.luma,
            corner: left.corners[0],
            has_above: down > 0,
            has_left: across > 0,
        };
        let chroma_edges = [0, 1].map(|plane| Edges {
            above: chunk(&above.chroma[plane], across * 8),
            left: left.chroma[plane],
            corner: left.corners[plane + 1],
            has_above: down > 0,
            has_left: across > 0,
        });
        let mut spectrum = [[0; LANES]; 16];
        a.store_all(&transform::forward(a, &a.load_all(&source.luma)), &mut spectrum);

        let (presence_above, presence_left) = (&above.presence[across], &left.presence);
        let site = Site {
            segment,
            rates: place.rates,
            above: presence_above,
            left: presence_left,
            mode_bits: place.mode_bits,
        };
        let surroundings = Surroundings::of_luma(&luma_edges);
        let whole = Whole::choose(a, &source, &spectrum, &surroundings, &site);
        let neighbours = Neighbours {
            edges: &luma_edges,
            above_right: chunk(&above.luma, across * 16 + 16),
            modes_above: above.modes[across],
            modes_left: left.modes,
        };
        let by_blocks = blocks::choose(a, &source, &spectrum, &neighbours, &site, whole.score, result);
        let luma = match by_blocks {
            Some(modes) => Luma::Blocks(modes),
            None => {
                whole.finish(a, &surroundings, segment, result);
                Luma::Whole(whole.mode)
            }
        };
        let surroundings = Surroundings::of_chroma(&chroma_edges);
        let lost = [&mut above.lost[across], &mut left.lost];
        let chroma = chroma::code(a, &source, &surroundings, &site, lost, result);
        let has_dc_block = matches!(luma, Luma::Whole(_));
        let is_empty = coded.residuals.push(
            has_dc_block,
            &result.levels,
            &mut above.presence[across],
            &mut left.presence,
            &mut coded.statistics,
        );
        Choice { luma, chroma, segment: segment_index, is_empty }
    }
}

/// The modes along the lower and the right edge are what the next ones depend on.
fn keep_modes(choice: &Choice, above: &mut [Mode4; 4], left: &mut [Mode4; 4]) {
    match choice.luma {
        Luma::Whole(mode) => (*above, *left) = ([mode.as_mode4(); 4], [mode.as_mode4(); 4]),
        Luma::Blocks(modes) => {
            for index in 0..4 {
                above[index] = modes[12 + index];
                left[index] = modes[index * 4 + 3];
            }
        }
    }
}

/// The samples along the lower and the right edge are what the next ones are predicted from.
#[inline(always)]
fn keep_samples(decoded: &Decoded, across: usize, above: &mut RowAbove, left: &mut LeftOf) {
    let start = across * 16;
    left.corners[0] = above.luma[start + 15];
    above.luma[start..start + 16].copy_from_slice(&decoded.luma[15]);
    for (left, row) in left.luma.iter_mut().zip(&decoded.luma) {
        *left = row[15];
    }
    if start + 20 == above.luma.len() {
        // What is beyond the right edge repeats the last sample.
        above.luma[start + 16..].fill(decoded.luma[15][15]);
    }
    for (plane, rows) in decoded.chroma.iter().enumerate() {
        let start = across * 8;
        left.corners[plane + 1] = above.chroma[plane][start + 7];
        above.chroma[plane][start..start + 8].copy_from_slice(&rows[7]);
        for (left, row) in left.chroma[plane].iter_mut().zip(rows) {
            *left = row[7];
        }
    }
}
