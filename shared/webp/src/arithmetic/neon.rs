//! For 64-bit ARM processors, which have NEON: sixteen lanes are two registers.
#![allow(unsafe_code)] // Loads and stores through pointers.

use std::arch::aarch64::{
    int16x8_t, int32x4_t, uint8x16_t, vabsq_s16, vaddq_s16, vandq_u16, vbslq_s16, vcgtq_s16, vcltzq_s16,
    vcombine_s16, vcombine_u16, vdupq_n_s16, vdupq_n_s32, vdupq_n_u16, vget_low_s16, vget_low_u8,
    vget_low_u16, vld1q_s16, vld1q_u8, vmaxq_s16, vmaxvq_u16, vminq_s16, vmlal_high_s16, vmlal_s16,
    vmovl_high_u8, vmovl_u8, vmull_high_s16, vmull_high_u16, vmull_s16, vmull_u16, vmulq_s16, vnegq_s16,
    vorrq_u8, vorrq_u16, vqrdmulhq_s16, vqtbl1q_u8, vreinterpretq_s16_u16, vreinterpretq_u8_s16,
    vreinterpretq_u16_s16, vreinterpretq_u16_u8, vshlq_n_s16, vshrn_n_s32, vshrn_n_u32, vshrq_n_s16,
    vst1q_s16, vst1q_s32, vsubq_s16,
};

use super::{Arithmetic, LANES, Row, Work};

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

/// An operation on each half.
macro_rules! instruction {
    ($name:ident, $instruction:ident, $($operand:ident),+) => {
        #[inline(always)]
        fn $name(self, $($operand: [int16x8_t; 2]),+) -> [int16x8_t; 2] {
            // SAFETY: `self` proves that the processor has NEON.
            unsafe { [$instruction($($operand[0]),+), $instruction($($operand[1]),+)] }
        }
    };
}

#[target_feature(enable = "neon")]
#[inline]
fn high_products(one: int16x8_t, other: int16x8_t) -> int16x8_t {
    let low = vmull_s16(vget_low_s16(one), vget_low_s16(other));
    vcombine_s16(vshrn_n_s32::<16>(low), vshrn_n_s32::<16>(vmull_high_s16(one, other)))
}

#[target_feature(enable = "neon")]
#[inline]
fn high_products_unsigned(one: int16x8_t, other: int16x8_t) -> int16x8_t {
    let (one, other) = (vreinterpretq_u16_s16(one), vreinterpretq_u16_s16(other));
    let low = vmull_u16(vget_low_u16(one), vget_low_u16(other));
    let products = vcombine_u16(vshrn_n_u32::<16>(low), vshrn_n_u32::<16>(vmull_high_u16(one, other)));
    vreinterpretq_s16_u16(products)
}

#[target_feature(enable = "neon")]
#[inline]
fn negate_where_negative(lanes: int16x8_t, of: int16x8_t) -> int16x8_t {
    vbslq_s16(vcltzq_s16(of), vnegq_s16(lanes), lanes)
}

#[target_feature(enable = "neon")]
#[inline]
fn greater(one: int16x8_t, other: int16x8_t) -> int16x8_t {
    vreinterpretq_s16_u16(vcgtq_s16(one, other))
}

#[target_feature(enable = "neon")]
#[inline]
fn look_up(table: uint8x16_t, places: int16x8_t) -> int16x8_t {
    let bytes = vqtbl1q_u8(table, vreinterpretq_u8_s16(places));
    vreinterpretq_s16_u16(vandq_u16(vreinterpretq_u16_u8(bytes), vdupq_n_u16(255)))
}

impl Arithmetic for Neon {
    type Lanes = [int16x8_t; 2];
    type Sums = [int32x4_t; 4];

    instruction!(add, vaddq_s16, one, other);
    instruction!(subtract, vsubq_s16, one, other);
    instruction!(multiply, vmulq_s16, one, other);
    instruction!(multiply_high, high_products, one, other);
    instruction!(multiply_high_unsigned, high_products_unsigned, one, other);
    instruction!(multiply_rounded, vqrdmulhq_s16, one, other);
    instruction!(absolute, vabsq_s16, lanes);
    instruction!(smaller, vminq_s16, one, other);
    instruction!(larger, vmaxq_s16, one, other);
    instruction!(with_sign, negate_where_negative, lanes, of);
    instruction!(is_greater, greater, one, other);

    #[inline(always)]
    fn load(self, row: &Row) -> [int16x8_t; 2] {
        // SAFETY: `self` proves that the processor has NEON, here and below; a row has 16 numbers.
        unsafe { [vld1q_s16(row.as_ptr()), vld1q_s16(row.as_ptr().add(8))] }
    }

    #[inline(always)]
    fn store(self, lanes: [int16x8_t; 2], row: &mut Row) {
        // SAFETY: see `load`.
        unsafe {
            vst1q_s16(row.as_mut_ptr(), lanes[0]);
            vst1q_s16(row.as_mut_ptr().add(8), lanes[1]);
        }
    }

    #[inline(always)]
    fn splat(self, value: i16) -> [int16x8_t; 2] {
        // SAFETY: see `load`.
        unsafe { [vdupq_n_s16(value); 2] }
    }

    #[inline(always)]
    fn select(self, mask: [int16x8_t; 2], one: [int16x8_t; 2], other: [int16x8_t; 2]) -> [int16x8_t; 2] {
        // SAFETY: see `load`.
        unsafe {
            [
                vbslq_s16(vreinterpretq_u16_s16(mask[0]), one[0], other[0]),
                vbslq_s16(vreinterpretq_u16_s16(mask[1]), one[1], other[1]),
            ]
        }
    }

    #[inline(always)]
    fn is_any(self, mask: [int16x8_t; 2]) -> bool {
        // SAFETY: see `load`.
        unsafe { vmaxvq_u16(vorrq_u16(vreinterpretq_u16_s16(mask[0]), vreinterpretq_u16_s16(mask[1]))) != 0 }
    }

    #[inline(always)]
    fn shift_left<const BITS: i32>(self, lanes: [int16x8_t; 2]) -> [int16x8_t; 2] {
        // SAFETY: see `load`.
        lanes.map(|half| unsafe { vshlq_n_s16::<BITS>(half) })
    }

    #[inline(always)]
    fn shift_right<const BITS: i32>(self, lanes: [int16x8_t; 2]) -> [int16x8_t; 2] {
        // SAFETY: see `load`.
        lanes.map(|half| unsafe { vshrq_n_s16::<BITS>(half) })
    }

    #[inline(always)]
    fn look_up(self, table: &[u8; 16], places: [int16x8_t; 2]) -> [int16x8_t; 2] {
        // SAFETY: see `load`; a table has 16 bytes.
        unsafe {
            let table = vld1q_u8(table.as_ptr());
            [look_up(table, places[0]), look_up(table, places[1])]
        }
    }

    #[inline(always)]
    fn look_up_one_of(self, tables: &[[u8; 16]; 3], places: &[[u8; LANES]; 3]) -> [int16x8_t; 2] {
        // SAFETY: see `load`; a table has 16 bytes, and so have the places in it. Places beyond it give 0.
        unsafe {
            let look_up =
                |index: usize| vqtbl1q_u8(vld1q_u8(tables[index].as_ptr()), vld1q_u8(places[index].as_ptr()));
            let bytes = vorrq_u8(vorrq_u8(look_up(0), look_up(1)), look_up(2));
            let (low, high) = (vmovl_u8(vget_low_u8(bytes)), vmovl_high_u8(bytes));
            [vreinterpretq_s16_u16(low), vreinterpretq_s16_u16(high)]
        }
    }

    #[inline(always)]
    fn no_sums(self) -> [int32x4_t; 4] {
        // SAFETY: see `load`.
        unsafe { [vdupq_n_s32(0); 4] }
    }

    #[inline(always)]
    fn add_products(
        self,
        mut sums: [int32x4_t; 4],
        one: [int16x8_t; 2],
        factor: [int16x8_t; 2],
        other: [int16x8_t; 2],
        other_factor: [int16x8_t; 2],
    ) -> [int32x4_t; 4] {
        for half in 0..2 {
            let (low, high) = (half * 2, half * 2 + 1);
            // SAFETY: see `load`.
            unsafe {
                sums[low] = vmlal_s16(sums[low], vget_low_s16(one[half]), vget_low_s16(factor[half]));
                sums[low] = vmlal_s16(sums[low], vget_low_s16(other[half]), vget_low_s16(other_factor[half]));
                sums[high] = vmlal_high_s16(sums[high], one[half], factor[half]);
                sums[high] = vmlal_high_s16(sums[high], other[half], other_factor[half]);
            }
        }
        sums
    }

    #[inline(always)]
    fn store_sums(self, sums: [int32x4_t; 4], row: &mut [i32; LANES]) {
        for (four, sums) in row.as_chunks_mut::<4>().0.iter_mut().zip(sums) {
            // SAFETY: see `load`.
            unsafe { vst1q_s32(four.as_mut_ptr(), sums) };
        }
    }
}
