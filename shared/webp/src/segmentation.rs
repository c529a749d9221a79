//! Puts macroblocks into segments, chooses the quantizer of each, and suggests how strong its loop filter may be.

use crate::analysis::{Analysis, EASIEST};
use crate::quantizer::{ChromaDelta, SHAPING, Segment};
use crate::tables::AC_STEPS;

/// How many segments there can be (RFC 6386, 9.3).
pub(crate) const SEGMENTS: usize = 4;

/// Above so many macroblocks, there is no room to say for each which segment it is in, or that it has no coefficients.
pub(crate) const MOST_MARKED: usize = 200_000;

/// The strength of the loop filter, in percent of the strongest that is sensible.
const FILTERING: i32 = 60;
/// What is weaker than this is left out: it cannot be seen, and costs whoever decodes.
const WEAKEST_FILTER: i32 = 2;
/// The strongest that there is (RFC 6386, 9.6).
pub(crate) const STRONGEST_FILTER: u8 = 63;

/// How a picture is divided.
pub(crate) struct Segmentation {
    pub(crate) segments: Vec<Segment>,
    /// The strength of the loop filter that each one's quantizer suggests.
    pub(crate) filters: Vec<u8>,
    /// The segment of each macroblock.
    pub(crate) of: Vec<u8>,
    pub(crate) delta: ChromaDelta,
}

/// Where the eases of a segment's macroblocks lie.
struct Cluster {
    /// Less or more than the picture's mean, -127 to 127.
    deviation: i32,
    /// From the hardest segment, 0, to the easiest, 255.
    ease: i32,
}

impl Segmentation {
    /// For a quality of 1 to 100.
    pub(crate) fn new(analysis: &Analysis, quality: u8) -> Self {
        let (clusters, cluster_of) = cluster(&analysis.eases);
        let amplitude = 0.9 * f64::from(SHAPING) / 100.0 / 128.0;
        let delta = chroma_delta(analysis.chroma);
        let mut chosen: Vec<(u8, u8)> = Vec::new();
        let mut segment_of_cluster = [0; SEGMENTS];
        for (cluster, segment) in clusters.iter().zip(&mut segment_of_cluster) {
            let exponent = 1.0 - amplitude * f64::from(cluster.deviation);
            let index = (127.0 * (1.0 - compression(quality).powf(exponent))) as i32;
            let index = index.clamp(0, 127) as u8;
            let own = (index, filter_strength(index, cluster.ease));
            // Those that come out alike are one.
            *segment = chosen.iter().position(|&other| other == own).unwrap_or(chosen.len());
            if *segment == chosen.len() {
                chosen.push(own);
            }
        }
        Self {
            segments: chosen.iter().map(|&(index, _)| Segment::new(index, delta)).collect(),
            filters: chosen.iter().map(|&(_, filter)| filter).collect(),
            of: cluster_of
                .iter()
                .map(|&cluster| segment_of_cluster[usize::from(cluster) % SEGMENTS] as u8)
                .collect(),
            delta,
        }
    }
}

/// What becomes of a quality, of 1 to 100: 0.75 is made the middle, and files are about as large as the cube.
fn compression(quality: u8) -> f64 {
    let quality = f64::from(quality) / 100.0;
    let linear = if quality < 0.75 { quality * (2.0 / 3.0) } else { 2.0 * quality - 1.0 };
    linear.cbrt()
}

/// Chroma that is easy gets coarser steps than luma, up to 6 indices, chroma that is hard finer ones, up to 4.
fn chroma_delta(ease: i32) -> ChromaDelta {
    let ac = (ease - 64) * (6 + 4) / (100 - 30) * SHAPING / 100;
    ChromaDelta { dc: (-4 * SHAPING / 100) as i8, ac: ac.clamp(-4, 6) as i8 }
}

/// The larger the step, the higher the edges that it makes; what is rough can do with less.
fn filter_strength(index: u8, ease: i32) -> u8 {
    let step = i32::from(AC_STEPS[usize::from(index & 127)]) >> 2;
    let strongest = i32::from(STRONGEST_FILTER);
    let strength = step.min(strongest) * 5 * FILTERING / (256 + ease);
    if strength < WEAKEST_FILTER { 0 } else { strength.min(strongest) as u8 }
}

/// Divides the eases into groups around means (k-means, of one dimension). Says for each macroblock which it is in.
fn cluster(eases: &[u8]) -> (Vec<Cluster>, Vec<u8>) {
    if eases.len() > MOST_MARKED {
        return (vec![Cluster { deviation: 0, ease: 0 }], vec![0; eases.len()]);
    }
    let mut counts = [0_i64; EASIEST + 1];
    for &ease in eases {
        counts[usize::from(ease)] += 1;
    }
    let first = counts.iter().position(|&count| count > 0).unwrap_or(0) as i64;
    let last = counts.iter().rposition(|&count| count > 0).unwrap_or(0) as i64;
    let mut centres: [i64; SEGMENTS] =
        std::array::from_fn(|index| first + (2 * index as i64 + 1) * (last - first) / (2 * SEGMENTS as i64));
    let mut nearest = [0; EASIEST + 1];
    let mut mean = 0;
    for _ in 0..6 {
        let (mut sums, mut members) = ([0; SEGMENTS], [0; SEGMENTS]);
        for (ease, &count) in counts.iter().enumerate() {
            let distance = |index: &usize| (ease as i64 - centres[*index]).abs();
            let centre = (0..SEGMENTS).min_by_key(distance).unwrap_or(0);
            nearest[ease] = centre as u8;
            sums[centre] += ease as i64 * count;
            members[centre] += count;
        }
        let mut moved = 0;
        let mut weighted = 0;
        for index in 0..SEGMENTS {
            if let Some(centre) = (sums[index] + members[index] / 2).checked_div(members[index]) {
                moved += (centre - centres[index]).abs();
                centres[index] = centre;
                weighted += centre * members[index];
            }
        }
        let all = (eases.len() as i64).max(1);
        mean = (weighted + all / 2) / all;
        if moved < 5 {
            break;
        }
    }
    let least = centres.iter().copied().min().unwrap_or(0);
    let most = centres.iter().copied().max().unwrap_or(0).max(least + 1);
    let describe = |&centre: &i64| Cluster {
        deviation: (255 * (centre - mean) / (most - least)).clamp(-127, 127) as i32,
        ease: (255 * (centre - least) / (most - least)).clamp(0, 255) as i32,
    };
    (centres.iter().map(describe).collect(), eases.iter().map(|&ease| nearest[usize::from(ease)]).collect())
}
