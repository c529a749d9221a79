//! Plain Rust, which defines what the others do.

use super::{Arithmetic, LANES, Row};

/// What every processor can do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

#[inline(always)]
fn each(one: Row, other: Row, operation: impl Fn(i16, i16) -> i16) -> Row {
    let mut row = [0; LANES];
    for lane in 0..LANES {
        row[lane] = operation(one[lane], other[lane]);
    }
    row
}

impl Arithmetic for Portable {
    type Lanes = Row;
    type Sums = [i32; LANES];

    #[inline(always)]
    fn load(self, row: &Row) -> Row {
        *row
    }

    #[inline(always)]
    fn store(self, lanes: Row, row: &mut Row) {
        *row = lanes;
    }

    #[inline(always)]
    fn splat(self, value: i16) -> Row {
        [value; LANES]
    }

    #[inline(always)]
    fn add(self, one: Row, other: Row) -> Row {
        each(one, other, i16::wrapping_add)
    }

    #[inline(always)]
    fn subtract(self, one: Row, other: Row) -> Row {
        each(one, other, i16::wrapping_sub)
    }

    #[inline(always)]
    fn multiply(self, one: Row, other: Row) -> Row {
        each(one, other, i16::wrapping_mul)
    }

    #[inline(always)]
    fn multiply_high(self, one: Row, other: Row) -> Row {
        each(one, other, |one, other| ((i32::from(one) * i32::from(other)) >> 16) as i16)
    }

    #[inline(always)]
    fn multiply_high_unsigned(self, one: Row, other: Row) -> Row {
        each(one, other, |one, other| ((u32::from(one as u16) * u32::from(other as u16)) >> 16) as i16)
    }

    #[inline(always)]
    fn multiply_rounded(self, one: Row, other: Row) -> Row {
        each(one, other, |one, other| ((i32::from(one) * i32::from(other) + (1 << 14)) >> 15) as i16)
    }

    #[inline(always)]
    fn absolute(self, lanes: Row) -> Row {
        lanes.map(i16::wrapping_abs)
    }

    #[inline(always)]
    fn smaller(self, one: Row, other: Row) -> Row {
        each(one, other, Ord::min)
    }

    #[inline(always)]
    fn larger(self, one: Row, other: Row) -> Row {
        each(one, other, Ord::max)
    }

    #[inline(always)]
    fn with_sign(self, lanes: Row, of: Row) -> Row {
        each(lanes, of, |value, of| if of < 0 { value.wrapping_neg() } else { value })
    }

    #[inline(always)]
    fn is_greater(self, one: Row, other: Row) -> Row {
        each(one, other, |one, other| -i16::from(one > other))
    }

    #[inline(always)]
    fn select(self, mask: Row, one: Row, other: Row) -> Row {
        let mut row = other;
        for lane in 0..LANES {
            row[lane] = (mask[lane] & one[lane]) | (!mask[lane] & other[lane]);
        }
        row
    }

    #[inline(always)]
    fn is_any(self, mask: Row) -> bool {
        mask.iter().any(|&bits| bits != 0)
    }

    #[inline(always)]
    fn shift_left<const BITS: i32>(self, lanes: Row) -> Row {
        lanes.map(|value| value << BITS)
    }

    #[inline(always)]
    fn shift_right<const BITS: i32>(self, lanes: Row) -> Row {
        lanes.map(|value| value >> BITS)
    }

    #[inline(always)]
    fn look_up(self, table: &[u8; 16], places: Row) -> Row {
        places.map(|place| i16::from(table[usize::from(place as u16 & 15)]))
    }

    #[inline(always)]
    fn look_up_one_of(self, tables: &[[u8; 16]; 3], places: &[[u8; LANES]; 3]) -> Row {
        let mut row = [0; LANES];
        for (table, places) in tables.iter().zip(places) {
            for (value, &place) in row.iter_mut().zip(places) {
                *value |= if place < 128 { i16::from(table[usize::from(place & 15)]) } else { 0 };
            }
        }
        row
    }

    #[inline(always)]
    fn no_sums(self) -> [i32; LANES] {
        [0; LANES]
    }

    #[inline(always)]
    fn add_products(
        self,
        mut sums: [i32; LANES],
        one: Row,
        factor: Row,
        other: Row,
        other_factor: Row,
    ) -> [i32; LANES] {
        for lane in 0..LANES {
            let product = i32::from(one[lane]) * i32::from(factor[lane]);
            let other_product = i32::from(other[lane]) * i32::from(other_factor[lane]);
            sums[lane] = sums[lane].wrapping_add(product.wrapping_add(other_product));
        }
        sums
    }

    #[inline(always)]
    fn store_sums(self, sums: [i32; LANES], row: &mut [i32; LANES]) {
        *row = sums;
    }
}
