//! Every kind of processor does what plain Rust does, for any numbers.

use super::{Arithmetic, LANES, Portable, Processor, Row, Work};

/// Those kinds that the machine at hand can stand in for.
pub(crate) fn kinds() -> Vec<Processor> {
    let mut kinds = vec![Processor::Portable];
    #[cfg(target_arch = "x86_64")]
    {
        kinds.extend(super::avx2::Avx2::detect().map(Processor::Avx2));
        kinds.extend(super::sse41::Sse41::detect().map(Processor::Sse41));
    }
    #[cfg(target_arch = "aarch64")]
    kinds.extend(super::neon::Neon::detect().map(Processor::Neon));
    kinds
}

/// Numbers of every magnitude.
fn row(seed: u32) -> Row {
    std::array::from_fn(|lane| {
        let mixed = (seed * 16 + lane as u32).wrapping_mul(2_654_435_761);
        ((mixed ^ (mixed >> 13)) as i16) >> (mixed >> 28)
    })
}

/// All operations, on some rows.
struct All {
    one: Row,
    other: Row,
}

impl Work for All {
    type Outcome = (Vec<Row>, [i32; LANES], bool);

    fn run<A: Arithmetic>(self, a: A) -> Self::Outcome {
        let (one, other) = (a.load(&self.one), a.load(&self.other));
        let mask = a.is_greater(one, other);
        // A place is 0 to 15, and a sign is of no account where there is nothing to give it to.
        let places = self.one.map(|value| value & 15);
        let signs = self.other.map(|value| value | 1);
        let table = std::array::from_fn(|index| (index * 17) as u8);
        let tables = [table, table.map(|value| value / 2), table.map(|value| 255 - value)];
        let in_tables = std::array::from_fn(|wanted| {
            std::array::from_fn(|lane| if lane % 3 == wanted { (lane * 7 % 16) as u8 } else { 0x80 })
        });
        let results = [
            a.add(one, other),
            a.subtract(one, other),
            a.multiply(one, other),
            a.multiply_high(one, other),
            a.multiply_high_unsigned(one, other),
            a.multiply_rounded(one, other),
            a.absolute(one),
            a.smaller(one, other),
            a.larger(one, other),
            a.with_sign(one, a.load(&signs)),
            mask,
            a.select(mask, one, other),
            a.shift_left::<5>(one),
            a.shift_right::<3>(one),
            a.look_up(&table, a.load(&places)),
            a.look_up_one_of(&tables, &in_tables),
            a.to_sample(one),
            a.splat(self.one[3]),
        ];
        let rows = results.into_iter().map(|lanes| {
            let mut row = [0; LANES];
            a.store(lanes, &mut row);
            row
        });
        let mut sums = [0; LANES];
        let twice = a.add_products(a.no_sums(), one, other, other, other);
        a.store_sums(a.add_products(twice, one, one, other, one), &mut sums);
        (rows.collect(), sums, a.is_any(mask))
    }
}

#[test]
fn all_kinds_do_the_same() {
    // Miri, which looks for undefined behaviour, is a thousand times slower.
    for seed in 0..if cfg!(miri) { 10 } else { 2_000 } {
        let (one, other) = (row(seed), row(seed + 10_000));
        let expected = All { one, other }.run(Portable);
        for kind in kinds() {
            assert_eq!(kind.run(All { one, other }), expected, "{kind:?}");
        }
    }
}

#[test]
fn a_mask_of_nothing_has_nothing() {
    for kind in kinds() {
        let (_, _, is_any) = kind.run(All { one: [3; LANES], other: [3; LANES] });
        assert!(!is_any, "{kind:?}");
    }
}
