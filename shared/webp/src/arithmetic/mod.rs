//! Sixteen numbers at a time, in whatever registers the processor has.
//!
//! The work of an encoder is to try: ten ways to predict a block of 4×4, four for 16 such blocks. What is tried is the same
//! each time, so it is done for sixteen at once, one to a lane: ten ways of one block, or 16 blocks in one way. Nothing has
//! then to be moved between lanes, and one text serves every processor. All operations are exact, so that all of them make the
//! same files.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
mod portable;
mod processor;
#[cfg(target_arch = "x86_64")]
pub(crate) mod sse41;
#[cfg(test)]
mod tests;

pub(crate) use portable::Portable;
pub(crate) use processor::{Processor, Work};
#[cfg(test)]
pub(crate) use tests::kinds;

/// How many numbers there are in [`Arithmetic::Lanes`].
pub(crate) const LANES: usize = 16;

/// Numbers in memory, one of each lane.
pub(crate) type Row = [i16; LANES];

/// Proof that the processor has some instructions, and what can be done with them.
pub(crate) trait Arithmetic: Copy {
    /// Sixteen signed numbers of 16 bits. They wrap around.
    type Lanes: Copy;
    /// Sixteen signed numbers of 32 bits.
    type Sums: Copy;

    fn load(self, row: &Row) -> Self::Lanes;
    fn store(self, lanes: Self::Lanes, row: &mut Row);
    fn splat(self, value: i16) -> Self::Lanes;
    fn add(self, one: Self::Lanes, other: Self::Lanes) -> Self::Lanes;
    fn subtract(self, one: Self::Lanes, other: Self::Lanes) -> Self::Lanes;
    /// The low 16 bits of the products.
    fn multiply(self, one: Self::Lanes, other: Self::Lanes) -> Self::Lanes;
    /// The high 16 bits of the products.
    fn multiply_high(self, one: Self::Lanes, other: Self::Lanes) -> Self::Lanes;
    /// The same, of numbers without a sign.
    fn multiply_high_unsigned(self, one: Self::Lanes, other: Self::Lanes) -> Self::Lanes;
    /// The products by 2^-15, rounded.
    fn multiply_rounded(self, one: Self::Lanes, other: Self::Lanes) -> Self::Lanes;
    fn absolute(self, lanes: Self::Lanes) -> Self::Lanes;
    fn smaller(self, one: Self::Lanes, other: Self::Lanes) -> Self::Lanes;
    fn larger(self, one: Self::Lanes, other: Self::Lanes) -> Self::Lanes;
    /// `lanes`, negated where `of` is negative, and of no account where that is 0.
    fn with_sign(self, lanes: Self::Lanes, of: Self::Lanes) -> Self::Lanes;
    /// All bits where the first is greater, else none.
    fn is_greater(self, one: Self::Lanes, other: Self::Lanes) -> Self::Lanes;
    /// The first where the mask has all bits, the second where it has none.
    fn select(self, mask: Self::Lanes, one: Self::Lanes, other: Self::Lanes) -> Self::Lanes;
    /// Whether a mask has any bit.
    fn is_any(self, mask: Self::Lanes) -> bool;
    fn shift_left<const BITS: i32>(self, lanes: Self::Lanes) -> Self::Lanes;
    /// With the sign.
    fn shift_right<const BITS: i32>(self, lanes: Self::Lanes) -> Self::Lanes;
    /// The bytes of a table at the places that the lanes say, 0 to 15.
    fn look_up(self, table: &[u8; 16], places: Self::Lanes) -> Self::Lanes;
    /// For each lane, the byte of that one of three tables for which its place is below 128; those are 0 to 15.
    fn look_up_one_of(self, tables: &[[u8; 16]; 3], places: &[[u8; LANES]; 3]) -> Self::Lanes;
    fn no_sums(self) -> Self::Sums;
    /// Adds `one` times `factor`, and `other` times `other_factor`.
    fn add_products(
        self,
        sums: Self::Sums,
        one: Self::Lanes,
        factor: Self::Lanes,
        other: Self::Lanes,
        other_factor: Self::Lanes,
    ) -> Self::Sums;
    fn store_sums(self, sums: Self::Sums, row: &mut [i32; LANES]);

    /// Between 0 and 255.
    #[inline(always)]
    fn to_sample(self, lanes: Self::Lanes) -> Self::Lanes {
        self.larger(self.smaller(lanes, self.splat(255)), self.splat(0))
    }

    #[inline(always)]
    fn load_all(self, rows: &[Row; 16]) -> [Self::Lanes; 16] {
        let mut all = [self.splat(0); 16];
        for (lanes, row) in all.iter_mut().zip(rows) {
            *lanes = self.load(row);
        }
        all
    }

    #[inline(always)]
    fn store_all(self, all: &[Self::Lanes; 16], rows: &mut [Row; 16]) {
        for (lanes, row) in all.iter().zip(rows) {
            self.store(*lanes, row);
        }
    }
}
