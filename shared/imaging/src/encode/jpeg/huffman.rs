//! Codes made for the picture at hand (ITU-T T.81, K.2).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// How often each symbol comes.
pub(super) type Counts = [u32; 256];

/// The longest code that JPEG can tell.
const LONGEST: usize = 16;

/// Not a symbol of any picture. It gets the code of nothing but ones, which JPEG does not allow.
const RESERVED: u16 = 256;

/// A Huffman code.
#[derive(Clone, Debug)]
pub(super) struct HuffmanTable {
    /// How many codes there are of each length from 1.
    pub(super) lengths: [u8; LONGEST],
    /// In the order of their codes.
    pub(super) symbols: Vec<u8>,
    codes: [Code; 256],
}

/// The bits that stand for a symbol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) bits: u16,
    /// 0 for a symbol that never comes.
    pub(super) length: u16,
}

impl HuffmanTable {
    /// The shortest code for symbols that come this often.
    pub(super) fn optimal(counts: &Counts) -> Self {
        let depths = depths(counts);
        let mut lengths = [0_usize; RESERVED as usize + 1];
        for (_, depth) in &depths {
            lengths[*depth] += 1;
        }
        limit(&mut lengths);
        // The reserved code is one of the longest.
        if let Some(longest) = lengths.iter_mut().rev().find(|count| **count > 0) {
            *longest -= 1;
        }

        let mut symbols: Vec<_> = depths
            .into_iter()
            .filter_map(|(symbol, depth)| Some((depth, u8::try_from(symbol).ok()?)))
            .collect();
        symbols.sort_unstable();
        let symbols: Vec<u8> = symbols.into_iter().map(|(_, symbol)| symbol).collect();
        let lengths: [u8; LONGEST] = std::array::from_fn(|index| lengths[index + 1] as u8);
        Self { codes: codes(&lengths, &symbols), lengths, symbols }
    }

    #[inline]
    pub(super) fn code(&self, symbol: u8) -> Code {
        self.codes[usize::from(symbol)]
    }
}

/// Each symbol that comes, and the length of its code where no length is too long.
///
/// The two rarest groups of symbols are joined until there is one. Of groups that are equally rare, those that the
/// standard's figure K.1 would find are taken: others make other files of the same size.
fn depths(counts: &Counts) -> Vec<(u16, usize)> {
    let comes = (0..RESERVED).zip(counts).filter(|(_, count)| **count > 0);
    let leaves: Vec<(u16, u64)> =
        comes.map(|(symbol, count)| (symbol, u64::from(*count))).chain([(RESERVED, 1)]).collect();
    let mut groups: BinaryHeap<_> =
        leaves.iter().enumerate().map(|(node, (symbol, count))| (Reverse(*count), *symbol, node)).collect();
    let mut parents = vec![0; leaves.len()];
    while let Some((Reverse(count), symbol, node)) = groups.pop() {
        let Some((Reverse(other_count), _, other)) = groups.pop() else { break };
        let joined = parents.len();
        parents.push(joined);
        (parents[node], parents[other]) = (joined, joined);
        groups.push((Reverse(count + other_count), symbol, joined));
    }
    // Parents come after their children, and the root is its own.
    let mut depth = vec![0; parents.len()];
    for node in (0..parents.len()).rev() {
        if parents[node] != node {
            depth[node] = depth[parents[node]] + 1;
        }
    }
    leaves.into_iter().zip(depth).map(|((symbol, _), depth)| (symbol, depth)).collect()
}

/// Brings all lengths down to 16, at the least cost (figure K.3): of two of the longest codes one takes the place of
/// their common prefix, and the other shares that of a shorter one.
fn limit(lengths: &mut [usize; RESERVED as usize + 1]) {
    for length in (LONGEST + 1..lengths.len()).rev() {
        while lengths[length] > 0 {
            let Some(shorter) = (1..length - 1).rev().find(|shorter| lengths[*shorter] > 0) else { break };
            lengths[length] -= 2;
            lengths[length - 1] += 1;
            lengths[shorter + 1] += 2;
            lengths[shorter] -= 1;
        }
    }
}

/// Counts upwards through the codes of each length (figures C.1 to C.3).
fn codes(lengths: &[u8; LONGEST], symbols: &[u8]) -> [Code; 256] {
    let mut codes = [Code::default(); 256];
    let mut symbols = symbols.iter();
    let mut bits = 0_u32;
    for (length, count) in (1..).zip(lengths) {
        for symbol in symbols.by_ref().take(usize::from(*count)) {
            codes[usize::from(*symbol)] = Code { bits: bits as u16, length };
            bits += 1;
        }
        bits <<= 1;
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(counts: &[u32]) -> HuffmanTable {
        let mut all = [0; 256];
        all[..counts.len()].copy_from_slice(counts);
        HuffmanTable::optimal(&all)
    }

    /// No code is the beginning of another, none is all ones, and every symbol that comes has one.
    fn check(counts: &[u32]) {
        let table = table(counts);
        let used = counts.iter().filter(|count| **count > 0).count();
        assert_eq!(table.symbols.len(), used);
        assert_eq!(table.lengths.iter().map(|count| usize::from(*count)).sum::<usize>(), used);
        let mut taken = 0_u32;
        for symbol in 0..=255_u8 {
            let code = table.code(symbol);
            let comes = counts.get(usize::from(symbol)).is_some_and(|count| *count > 0);
            assert_eq!(code.length > 0, comes, "symbol {symbol}");
            assert!(code.length <= 16);
            if comes {
                assert!(u32::from(code.bits) < (1 << code.length) - 1, "symbol {symbol} is all ones");
                taken += 1 << (16 - code.length);
            }
        }
        assert!(taken < 1 << 16, "the codes overlap");
    }

    #[test]
    fn frequent_symbols_get_short_codes() {
        let table = table(&[1, 100, 10, 0, 1000]);
        assert_eq!(table.symbols, [4, 1, 2, 0]);
        assert_eq!(table.lengths[..5], [1, 1, 1, 1, 0]);
        assert_eq!(table.code(4), Code { bits: 0, length: 1 });
        assert_eq!(table.code(0), Code { bits: 0b1110, length: 4 });
    }

    #[test]
    fn a_lonely_symbol_gets_a_code() {
        assert_eq!(table(&[0, 0, 7]).code(2), Code { bits: 0, length: 1 });
        check(&[u32::MAX]);
    }

    #[test]
    fn no_code_is_longer_than_16_bits() {
        // Fibonacci's numbers make the deepest tree there is.
        let mut fibonacci = vec![1_u32, 1];
        while fibonacci.len() < 45 {
            fibonacci.push(fibonacci[fibonacci.len() - 1] + fibonacci[fibonacci.len() - 2]);
        }
        check(&fibonacci);
        fibonacci.reverse();
        check(&fibonacci);
    }

    #[test]
    fn all_256_symbols_can_have_codes() {
        check(&[1; 256]);
        check(&[u32::MAX; 256]);
        let mut counts: Vec<u32> = (1..=256).map(|n| n * n * n).collect();
        check(&counts);
        counts[0] = u32::MAX;
        check(&counts);
    }

    #[test]
    fn no_code_is_shorter_in_all_than_the_optimum() {
        // By hand: 5, 9, 12, 13, 16, 45 and the reserved 1 make 230 bits with the reserved symbol, as Huffman says.
        let counts = [45, 13, 12, 16, 9, 5];
        let table = table(&counts);
        let total: u32 = counts
            .iter()
            .enumerate()
            .map(|(symbol, count)| count * u32::from(table.code(symbol as u8).length))
            .sum();
        assert_eq!(total, 229);
    }
}
