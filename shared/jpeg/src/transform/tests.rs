//! All ways to transform a block give the same samples, and those that the definition gives, to within rounding.

use super::*;
use crate::tables::ZIGZAG;

/// Miri, which looks for undefined behaviour, is a thousand times slower.
const BLOCKS: usize = if cfg!(miri) { 10 } else { 1000 };
const EVERY_NTH_SIZE: usize = if cfg!(miri) { 5 } else { 1 };

/// Blocks as pictures have them, of few coefficients and of many, and some of forged data.
fn blocks() -> Vec<(Coefficients, usize)> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut blocks = Vec::new();
    for index in 0..BLOCKS {
        let last = random(64) as usize;
        let range = if index % 10 == 9 { 65_536 } else { 2048 >> random(9) };
        let mut block = [0; 64];
        for (place, &coefficient) in ZIGZAG.iter().enumerate().take(last + 1) {
            let falling = range / (1 + place as u64 / 4) + 1;
            block[usize::from(coefficient)] = (random(falling) as i64 - falling as i64 / 2) as i16;
        }
        blocks.push((block, last));
    }
    blocks
}

fn samples<A: Arithmetic>(arithmetic: A, with: &Transform, block: &Coefficients, last: usize) -> Vec<u8> {
    const STRIDE: usize = 40;
    let mut out = vec![0; with.reach(STRIDE)];
    transform(arithmetic, with, block, last, &mut out, STRIDE);
    let rows = out.chunks(STRIDE).flat_map(|row| &row[..with.across.points]);
    rows.copied().collect()
}

/// T.81 A.3.3, for any number of points.
fn defined(with: &Transform, block: &Coefficients) -> Vec<f64> {
    let basis = |points: usize, x: usize, u: usize| match u {
        0 => 1.0,
        u if u >= points => 0.0,
        u => (((2 * x + 1) * u) as f64 * std::f64::consts::PI / (2 * points) as f64).cos() * 2_f64.sqrt(),
    };
    let (across, down) = (with.across.points, with.down.points);
    let mut samples = Vec::new();
    for (y, x) in (0..down).flat_map(|y| (0..across).map(move |x| (y, x))) {
        let weigh = |(place, &coefficient): (usize, &i16)| {
            f64::from(coefficient) * basis(down, y, place / 8) * basis(across, x, place % 8)
        };
        let sum: f64 = block.iter().enumerate().map(weigh).sum();
        samples.push((sum / 8.0 + 128.0).clamp(0.0, 255.0));
    }
    samples
}

fn sizes() -> impl Iterator<Item = Transform> {
    let sizes = (1..=MAX_POINTS).flat_map(|across| {
        let others = [across, 1, 2, 4, 8, 16, across.div_ceil(2)];
        others.into_iter().map(move |down| (across, down))
    });
    sizes.step_by(EVERY_NTH_SIZE).map(|(across, down)| Transform::new(across, down))
}

#[test]
fn every_machine_has_the_same_weights() {
    let bases: Vec<Basis> = (1..=MAX_POINTS).map(Basis::new).collect();
    let weights = bases.iter().flat_map(|basis| basis.weights.iter().flatten());
    // FNV-1a, 32 bits.
    let hash =
        weights.fold(0x811C_9DC5_u32, |hash, weight| (hash ^ *weight as u32).wrapping_mul(0x0100_0193));
    assert_eq!(hash, 0x398F_384F, "{hash:#X}");
}

#[test]
fn samples_are_those_of_the_definition() {
    for with in sizes() {
        for (block, last) in
            blocks().iter().filter(|(block, _)| block.iter().all(|c| c.abs() < 1100)).take(40)
        {
            let exact = defined(&with, block);
            for (sample, exact) in samples(Portable, &with, block, *last).iter().zip(&exact) {
                let size = (with.across.points, with.down.points);
                assert!((f64::from(*sample) - exact).abs() <= 0.75, "{sample}, not {exact}, at {size:?}");
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn avx2_gives_what_portable_code_gives() {
    let Some(avx2) = avx2::Avx2::detect() else { return };
    for with in sizes() {
        for (block, last) in blocks() {
            let size = (with.across.points, with.down.points);
            let portable = samples(Portable, &with, &block, last);
            assert_eq!(samples(avx2, &with, &block, last), portable, "at {size:?}, to {last}: {block:?}");
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn sse41_gives_what_portable_code_gives() {
    let Some(sse41) = sse41::Sse41::detect() else { return };
    for with in sizes() {
        for (block, last) in blocks() {
            let size = (with.across.points, with.down.points);
            let portable = samples(Portable, &with, &block, last);
            assert_eq!(samples(sse41, &with, &block, last), portable, "at {size:?}, to {last}: {block:?}");
        }
    }
}

#[cfg(target_arch = "aarch64")]
#[test]
fn neon_gives_what_portable_code_gives() {
    let Some(neon) = neon::Neon::detect() else { return };
    for with in sizes() {
        for (block, last) in blocks() {
            let size = (with.across.points, with.down.points);
            let portable = samples(Portable, &with, &block, last);
            assert_eq!(samples(neon, &with, &block, last), portable, "at {size:?}, to {last}: {block:?}");
        }
    }
}

#[test]
fn a_flat_block_is_what_the_full_transform_makes_of_it() {
    for dc in -1024..1024 {
        let block = std::array::from_fn(|place| if place == 0 { dc } else { 0 });
        let with = Transform::new(8, 8);
        assert_eq!(samples(Portable, &with, &block, 0), samples(Portable, &with, &block, 63), "{dc}");
    }
}
