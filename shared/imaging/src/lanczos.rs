//! The filter of every resize: Lanczos with three lobes, without calling on the machine's sine.
//!
//! A band of rows needs tens of thousands of weights. The sine of the C library takes a tenth of the time of a large picture
//! for them, and its last digits are not the same everywhere. This one is the same few multiplications on every machine.

use std::f64::consts::PI;

/// How far the filter reaches, in pixels of the larger scale.
pub(crate) const LOBES: f64 = 3.0;

/// sinc(x) · sinc(x / 3), for |x| < 3, and 0 beyond.
///
/// With θ = πx/3 the two sines are sin 3θ = 3 sin θ − 4 sin³ θ, and sin θ.
pub(crate) fn lanczos(x: f64) -> f64 {
    // Without a branch, so that vectors do several at once. Beyond its reach the sine is that of π, which is nothing.
    let theta = (x.abs() * (PI / LOBES)).min(PI);
    let sine = sine(theta);
    let value = sine * sine * (3.0 - 4.0 * sine * sine) / (LOBES * theta * theta);
    if theta < 1e-8 { 1.0 } else { value }
}

/// sin θ for θ from 0 to π, to about 12 digits: the series up to the 15th power, of the nearer half.
fn sine(theta: f64) -> f64 {
    const COEFFICIENTS: [f64; 8] = [
        1.0,
        -1.0 / 6.0,
        1.0 / 120.0,
        -1.0 / 5_040.0,
        1.0 / 362_880.0,
        -1.0 / 39_916_800.0,
        1.0 / 6_227_020_800.0,
        -1.0 / 1_307_674_368_000.0,
    ];
    let near = theta.min(PI - theta);
    let square = near * near;
    near * COEFFICIENTS.iter().rev().fold(0.0, |sum, coefficient| sum * square + coefficient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_is_lanczos_with_three_lobes() {
        let sinc = |x: f64| if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
        for step in -400..=400 {
            let x = f64::from(step) / 100.0;
            let exact = if x.abs() < 3.0 { sinc(x) * sinc(x / 3.0) } else { 0.0 };
            assert!((lanczos(x) - exact).abs() < 1e-10, "at {x}: {} instead of {exact}", lanczos(x));
        }
    }
}
