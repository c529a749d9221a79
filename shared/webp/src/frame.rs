//! Writes a key frame (RFC 6386, 9 and 19.2).

use crate::boolean::BooleanEncoder;
use crate::coding::Coded;
use crate::error::Error;
use crate::macroblock::{Choice, Luma};
use crate::mode::{BY_BLOCKS, Mode4, PATHS4, Step, chroma_path, luma_path};
use crate::rate::Probabilities;
use crate::residuals;
use crate::segmentation::{MOST_MARKED, SEGMENTS, Segmentation};
use crate::tables::coefficients::{DEFAULT, UPDATE};
use crate::tables::cost;
use crate::tables::modes::MODES;

/// What a decision is that is as often one as the other.
const EVEN: u8 = 128;

/// The longest first partition: 19 bits (RFC 6386, 9.1).
const MOST_BYTES_OF_MODES: usize = (1 << 19) - 1;

/// So many bytes follow the header at least. libwebp's incremental decoder reads ahead, and then takes a first partition of
/// which nothing is left for corrupt; that is so for pictures of one or two macroblocks.
const READ_AHEAD: usize = 8;

/// The probabilities that are the picture's own.
struct Chosen {
    coefficients: Probabilities,
    /// Of segments: whether it is one of the first two, and then which.
    segments: [u8; 3],
    /// That a macroblock has coefficients, if not all do.
    presence: Option<u8>,
}

/// What the choice of modes takes, in 1/256 bits: approximately, for which segment it is and whether there is anything are
/// taken to be two bits and one.
pub(crate) fn mode_bits(choice: &Choice, above: [Mode4; 4], left: [Mode4; 4]) -> u64 {
    let mut meter = Meter(3 * 256);
    put_modes(choice, above, left, &mut meter);
    meter.0
}

/// Something that bits can be put into.
trait Sink {
    fn put(&mut self, bit: bool, zero: u8);
}

impl Sink for BooleanEncoder {
    #[inline(always)]
    fn put(&mut self, bit: bool, zero: u8) {
        BooleanEncoder::put(self, bit, zero);
    }
}

/// Only counts, in 1/256 bits.
struct Meter(u64);

impl Sink for Meter {
    #[inline(always)]
    fn put(&mut self, bit: bool, zero: u8) {
        self.0 += u64::from(cost(bit, zero));
    }
}

/// The frame: its header, modes and coefficients.
pub(crate) fn write(
    size: (usize, usize),
    across: usize,
    coded: &Coded,
    segmentation: &Segmentation,
) -> Result<Vec<u8>, Error> {
    let chosen = Chosen {
        coefficients: coded.statistics.choose(),
        segments: segment_probabilities(&coded.choices),
        presence: presence_probability(&coded.choices),
    };
    let mut modes = BooleanEncoder::new();
    write_header(&mut modes, segmentation, &coded.filters, &chosen);
    let least = modes.len() + READ_AHEAD;
    let mut coefficients = BooleanEncoder::new();
    let mut reader = coded.residuals.read();
    let mut above = vec![([Mode4::MEAN; 4], [false; 9]); across];
    for row in coded.choices.chunks(across) {
        let (mut modes_left, mut presence_left) = ([Mode4::MEAN; 4], [false; 9]);
        for (choice, (modes_above, presence_above)) in row.iter().zip(&mut above) {
            if segmentation.segments.len() > 1 {
                put_segment(choice.segment, chosen.segments, &mut modes);
            }
            if let Some(zero) = chosen.presence {
                modes.put(choice.is_empty, zero);
            }
            (*modes_above, modes_left) = put_modes(choice, *modes_above, modes_left, &mut modes);
            let has_dc_block = matches!(choice.luma, Luma::Whole(_));
            if choice.is_empty && chosen.presence.is_some() {
                residuals::forget(has_dc_block, presence_above);
                residuals::forget(has_dc_block, &mut presence_left);
                continue;
            }
            reader.write(
                has_dc_block,
                choice.is_empty,
                &chosen.coefficients,
                presence_above,
                &mut presence_left,
                &mut coefficients,
            );
        }
    }
    let mut modes = modes.finish();
    modes.resize(modes.len().max(least), 0);
    assemble(size, &modes, &coefficients.finish())
}

/// The uncompressed start of a frame (RFC 6386, 9.1), and its two partitions.
fn assemble((width, height): (usize, usize), modes: &[u8], coefficients: &[u8]) -> Result<Vec<u8>, Error> {
    if modes.len() > MOST_BYTES_OF_MODES {
        return Err(Error::TooManyModes { bytes: modes.len() });
    }
    let mut frame = Vec::with_capacity(10 + modes.len() + coefficients.len());
    // A key frame, that is to be shown.
    let tag = (1 << 4) | ((modes.len() as u32) << 5);
    frame.extend_from_slice(&tag.to_le_bytes()[..3]);
    frame.extend_from_slice(&[0x9D, 0x01, 0x2A]);
    frame.extend_from_slice(&(width as u16).to_le_bytes());
    frame.extend_from_slice(&(height as u16).to_le_bytes());
    frame.extend_from_slice(modes);
    frame.extend_from_slice(coefficients);
    Ok(frame)
}

/// RFC 6386, 9.2 to 9.11.
fn write_header(out: &mut BooleanEncoder, segmentation: &Segmentation, filters: &[u8], chosen: &Chosen) {
    // YUV, and samples have to be clamped.
    out.put_number(0, 2);
    write_segments(out, segmentation, filters, chosen);
    // The normal filter, its strength where segments do not say it, and no sharpness.
    out.put(false, EVEN);
    out.put_number(filters.iter().copied().max().unwrap_or(0).into(), 6);
    out.put_number(0, 3);
    // Strengths do not depend on modes. One partition of coefficients.
    out.put(false, EVEN);
    out.put_number(0, 2);
    write_quantizers(out, segmentation);
    // The probabilities are not for further frames: there are none.
    out.put(false, EVEN);
    for kind in 0..DEFAULT.len() {
        for (band, contexts) in chosen.coefficients[kind].iter().enumerate() {
            for (context, nodes) in contexts.iter().enumerate() {
                for (node, &probability) in nodes.iter().enumerate() {
                    let is_new = probability != DEFAULT[kind][band][context][node];
                    out.put(is_new, UPDATE[kind][band][context][node]);
                    if is_new {
                        out.put_number(probability.into(), 8);
                    }
                }
            }
        }
    }
    out.put(chosen.presence.is_some(), EVEN);
    if let Some(zero) = chosen.presence {
        out.put_number(zero.into(), 8);
    }
}

/// RFC 6386, 9.3.
fn write_segments(out: &mut BooleanEncoder, segmentation: &Segmentation, filters: &[u8], chosen: &Chosen) {
    let segments = &segmentation.segments;
    out.put(segments.len() > 1, EVEN);
    if segments.len() <= 1 {
        return;
    }
    // Both the map and what segments have follow, the latter not as differences.
    out.put_number(0b111, 3);
    for index in 0..SEGMENTS {
        out.put_signed(segments.get(index).map_or(0, |segment| segment.index.into()), 7);
    }
    for index in 0..SEGMENTS {
        out.put_signed(filters.get(index).copied().unwrap_or(0).into(), 6);
    }
    for probability in chosen.segments {
        out.put(probability != 255, EVEN);
        if probability != 255 {
            out.put_number(probability.into(), 8);
        }
    }
}

/// RFC 6386, 9.6.
fn write_quantizers(out: &mut BooleanEncoder, segmentation: &Segmentation) {
    let index = segmentation.segments.first().map_or(0, |segment| segment.index);
    out.put_number(index.into(), 7);
    let delta = segmentation.delta;
    // Of luma's DCs, of the DCs and ACs of those, and of chroma's.
    for difference in [0, 0, 0, delta.dc, delta.ac] {
        out.put_signed(difference.into(), 4);
    }
}

fn put_segment(segment: u8, probabilities: [u8; 3], out: &mut BooleanEncoder) {
    let is_second_half = segment >= 2;
    out.put(is_second_half, probabilities[0]);
    out.put(segment % 2 == 1, probabilities[if is_second_half { 2 } else { 1 }]);
}

/// How a macroblock is predicted (RFC 6386, 11.2 and 11.3). Returns the modes that the next ones below and to the right see.
#[inline(always)]
fn put_modes(
    choice: &Choice,
    mut above: [Mode4; 4],
    mut left: [Mode4; 4],
    out: &mut impl Sink,
) -> ([Mode4; 4], [Mode4; 4]) {
    match choice.luma {
        Luma::Whole(mode) => {
            out.put(true, BY_BLOCKS);
            for (zero, bit) in luma_path(mode) {
                out.put(bit, zero);
            }
            (above, left) = ([mode.as_mode4(); 4], [mode.as_mode4(); 4]);
        }
        Luma::Blocks(modes) => {
            out.put(false, BY_BLOCKS);
            for (index, mode) in modes.into_iter().enumerate() {
                let (x, y) = (index % 4, index / 4);
                let probabilities = &MODES[above[x].index()][left[y].index()];
                let path: &[Step] = PATHS4[mode.index()];
                for &(node, bit) in path {
                    out.put(bit, probabilities[node]);
                }
                (above[x], left[y]) = (mode, mode);
            }
        }
    }
    for &(zero, bit) in chroma_path(choice.chroma) {
        out.put(bit, zero);
    }
    (above, left)
}

/// The share of 0 among some decisions, of 255, or 255 if there are none.
fn share(zeros: usize, ones: usize) -> u8 {
    let all = zeros + ones;
    (255 * zeros + all / 2).checked_div(all).unwrap_or(255) as u8
}

fn segment_probabilities(choices: &[Choice]) -> [u8; 3] {
    let mut counts = [0; SEGMENTS];
    for choice in choices {
        counts[usize::from(choice.segment) % SEGMENTS] += 1;
    }
    let [a, b, c, d] = counts;
    [share(a + b, c + d), share(a, b), share(c, d)]
}

fn presence_probability(choices: &[Choice]) -> Option<u8> {
    if choices.len() > MOST_MARKED {
        return None;
    }
    let empty = choices.iter().filter(|choice| choice.is_empty).count();
    (empty > 0).then(|| share(choices.len() - empty, empty).max(1))
}
