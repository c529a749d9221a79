//! The same colours, 8 pixels at a time, for 64-bit ARM processors.
#![allow(unsafe_code)] // Loads and stores through pointers.

use std::arch::aarch64::{
    int16x8_t, uint8x8x3_t, vaddq_s16, vcombine_s16, vdupq_n_s16, vget_high_s16, vget_low_s16, vld1_u8,
    vmlal_n_s16, vmovl_u8, vmull_n_s16, vqmovun_s16, vqrdmulhq_n_s16, vreinterpretq_s16_u16, vrshrn_n_s32,
    vst3_u8, vsubq_s16,
};

use super::{BITS, BLUE_CB, GREEN_CB, GREEN_CR, RED_CR};

/// Pixels that are done at once.
const LANES: usize = 8;

const SHIFT: i32 = BITS.cast_signed();

/// Does as many pixels as there are whole vectors of: how many.
#[target_feature(enable = "neon")]
#[inline]
pub(crate) fn begin_rgb_row([y, cb, cr]: [&[u8]; 3], out: &mut [u8]) -> usize {
    let width = y.len().min(cb.len()).min(cr.len()).min(out.len() / 3);
    let whole = width - width % LANES;
    let mut x = 0;
    while x < whole {
        // SAFETY: `x + LANES` is within each row, and so are three times as many bytes within `out`.
        unsafe {
            let load = |row: &[u8]| vreinterpretq_s16_u16(vmovl_u8(vld1_u8(row.as_ptr().add(x))));
            vst3_u8(out.as_mut_ptr().add(x * 3), rgb(load(y), load(cb), load(cr)));
        }
        x += LANES;
    }
    whole
}

/// What `rgb_of` does, in words. Its rounded products are what the doubling multiplication gives.
#[target_feature(enable = "neon")]
#[inline]
fn rgb(y: int16x8_t, cb: int16x8_t, cr: int16x8_t) -> uint8x8x3_t {
    let middle = vdupq_n_s16(128);
    let (cb, cr) = (vsubq_s16(cb, middle), vsubq_s16(cr, middle));
    let red = vaddq_s16(vaddq_s16(y, cr), vqrdmulhq_n_s16(cr, RED_CR as i16));
    let blue = vaddq_s16(vaddq_s16(y, vaddq_s16(cb, cb)), vqrdmulhq_n_s16(cb, BLUE_CB as i16));
    let low = vmull_n_s16(vget_low_s16(cb), GREEN_CB as i16);
    let low = vmlal_n_s16(low, vget_low_s16(cr), GREEN_CR as i16);
    let high = vmull_n_s16(vget_high_s16(cb), GREEN_CB as i16);
    let high = vmlal_n_s16(high, vget_high_s16(cr), GREEN_CR as i16);
    let green = vaddq_s16(y, vcombine_s16(vrshrn_n_s32::<SHIFT>(low), vrshrn_n_s32::<SHIFT>(high)));
    uint8x8x3_t(vqmovun_s16(red), vqmovun_s16(green), vqmovun_s16(blue))
}
