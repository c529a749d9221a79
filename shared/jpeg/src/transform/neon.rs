//! The transform for 64-bit ARM processors, which have NEON.
#![allow(unsafe_code)] // Loads and stores through pointers.

use std::arch::aarch64::{
    int16x8_t, int32x4_t, vaddq_s32, vcombine_s16, vdup_n_u8, vdupq_n_s16, vdupq_n_s32, veor_u8,
    vget_high_s16, vget_low_s16, vld1q_s16, vmlal_n_s16, vqmovn_s16, vqmovn_s32, vreinterpret_u8_s8,
    vshrn_n_s32, vshrq_n_s32, vst1_u8, vsubq_s32,
};

use super::{Arithmetic, COLUMN_SHIFT, Coefficients, ROW_SHIFT, Transform};
use crate::layout::MAX_POINTS;
use crate::processor::Work;

const SHIFT_ROWS: i32 = ROW_SHIFT.cast_signed();
const SHIFT_COLUMNS: i32 = COLUMN_SHIFT.cast_signed();

/// Proof that the processor has NEON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neon(());

impl Neon {
    /// Asks the processor.
    pub(crate) fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }

    /// Does work. All code for these processors is compiled with NEON.
    #[inline]
    pub(crate) fn run<W: Work>(self, work: W) -> W::Outcome {
        work.run(self)
    }
}

impl Arithmetic for Neon {
    #[inline(always)]
    fn transform(self, with: &Transform, block: &Coefficients, last: usize, out: &mut [u8], stride: usize) {
        assert!(out.len() >= with.reach(stride), "a block ends beyond its plane");
        // SAFETY: `self` proves that the processor has NEON, and `out` reaches as far as the transform writes.
        unsafe {
            if with.is_low(last) {
                any_size::<4>(with, block, out, stride);
            } else {
                any_size::<8>(with, block, out, stride);
            }
        }
    }

    #[inline(always)]
    fn begin_rgb_row(self, rows: [&[u8]; 3], out: &mut [u8]) -> usize {
        // SAFETY: `self` proves that the processor has NEON.
        unsafe { crate::color::neon::begin_rgb_row(rows, out) }
    }
}

/// Eight sums.
#[derive(Clone, Copy)]
struct Sums(int32x4_t, int32x4_t);

impl Sums {
    #[target_feature(enable = "neon")]
    #[inline]
    fn all(value: i32) -> Self {
        Self(vdupq_n_s32(value), vdupq_n_s32(value))
    }

    /// Adds so many times some values.
    #[target_feature(enable = "neon")]
    #[inline]
    fn add(self, values: int16x8_t, times: i16) -> Self {
        Self(
            vmlal_n_s16(self.0, vget_low_s16(values), times),
            vmlal_n_s16(self.1, vget_high_s16(values), times),
        )
    }
}

/// A transform to any number of points, of a block whose coefficients are among the low `USED`×`USED`.
///
/// # Safety
///
/// `out` must be as long as [`Transform::reach`] says.
#[target_feature(enable = "neon")]
#[inline]
unsafe fn any_size<const USED: usize>(with: &Transform, block: &Coefficients, out: &mut [u8], stride: usize) {
    let (across, down) = (with.across.points, with.down.points);
    for start in (0..across).step_by(8) {
        let mut weights = [vdupq_n_s16(0); 8];
        for (weights, row) in weights.iter_mut().zip(&with.across.by_coefficient).take(USED) {
            let row: &[i16; MAX_POINTS] = row;
            // SAFETY: `start` is 0 or 8, and the row has 16.
            *weights = unsafe { vld1q_s16(row.as_ptr().add(start)) };
        }
        let mut between = [vdupq_n_s16(0); 8];
        for y in 0..USED {
            let mut sums = Sums::all(1 << (ROW_SHIFT - 1));
            for u in 0..USED {
                sums = sums.add(weights[u], block[y * 8 + u]);
            }
            let (low, high) = (vshrn_n_s32::<SHIFT_ROWS>(sums.0), vshrn_n_s32::<SHIFT_ROWS>(sums.1));
            between[y] = vcombine_s16(low, high);
        }
        for y in 0..down.div_ceil(2) {
            let (mut even, mut odd) = (Sums::all(1 << (COLUMN_SHIFT - 1)), Sums::all(0));
            for v in (0..USED).step_by(2) {
                even = even.add(between[v], with.down.weights[y][v]);
                odd = odd.add(between[v + 1], with.down.weights[y][v + 1]);
            }
            let top = Sums(vaddq_s32(even.0, odd.0), vaddq_s32(even.1, odd.1));
            let bottom = Sums(vsubq_s32(even.0, odd.0), vsubq_s32(even.1, odd.1));
            // SAFETY: 8 bytes from `start` on of the rows up to `down` are within what the caller vouches for.
            unsafe {
                store(top, out.as_mut_ptr().add(y * stride + start));
                store(bottom, out.as_mut_ptr().add((down - 1 - y) * stride + start));
            }
        }
    }
}

/// Writes eight samples.
///
/// # Safety
///
/// There must be eight bytes at `out`.
#[target_feature(enable = "neon")]
#[inline]
unsafe fn store(sums: Sums, out: *mut u8) {
    let (low, high) = (vshrq_n_s32::<SHIFT_COLUMNS>(sums.0), vshrq_n_s32::<SHIFT_COLUMNS>(sums.1));
    let words = vcombine_s16(vqmovn_s32(low), vqmovn_s32(high));
    // Saturated to ±128, and then from there to 0 to 255, is what the level shift and a clamp give.
    let bytes = veor_u8(vreinterpret_u8_s8(vqmovn_s16(words)), vdup_n_u8(0x80));
    // SAFETY: the caller vouches for the bytes.
    unsafe { vst1_u8(out, bytes) };
}
