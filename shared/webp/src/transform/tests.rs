//! Back and forth.

use super::*;
use crate::arithmetic::{LANES, Portable, Row};

fn noise(seed: usize, most: i16) -> i16 {
    let mixed = (seed as u32 + 1).wrapping_mul(2_654_435_761);
    ((mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519) >> 16) as i16 % (most + 1)
}

fn rows(seed: usize, most: i16) -> [Row; 16] {
    std::array::from_fn(|index| std::array::from_fn(|lane| noise(seed + index * LANES + lane, most)))
}

#[test]
fn samples_come_back_to_within_rounding() {
    for seed in 0..200 {
        let samples = rows(seed * 1_000, 255);
        let back = inverse(Portable, &forward(Portable, &samples));
        for (row, back) in samples.iter().zip(&back) {
            for (sample, back) in row.iter().zip(back) {
                assert!((sample - back).abs() <= 1, "{back} for {sample}");
            }
        }
    }
}

#[test]
fn a_coefficient_is_twice_that_of_an_orthonormal_transform() {
    let samples = rows(7, 255);
    let coefficients = forward(Portable, &samples);
    for lane in 0..LANES {
        let energy = |rows: &[Row; 16]| rows.iter().map(|row| f64::from(row[lane]).powi(2)).sum::<f64>();
        let ratio = energy(&coefficients) / energy(&samples);
        assert!((ratio - 4.0).abs() < 0.02, "{ratio}");
    }
}

#[test]
fn a_block_alone_is_transformed_like_sixteen() {
    for seed in 0..200 {
        let coefficients = rows(seed * 1_000, 2_000);
        let all = inverse(Portable, &coefficients);
        for lane in 0..LANES {
            let block = inverse_block(&coefficients.map(|row| row[lane]));
            assert_eq!(block, all.map(|row| row[lane]));
        }
    }
}

#[test]
fn dcs_come_back_to_within_rounding() {
    for seed in 0..200 {
        let dcs: [i16; 16] = std::array::from_fn(|index| noise(seed * 100 + index, 2_040));
        for (one, other) in dcs.iter().zip(inverse_dc(&forward_dc(&dcs))) {
            assert!((one - other).abs() <= 1, "{other} for {one}");
        }
    }
}
