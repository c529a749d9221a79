//! Tables for the AC coefficients of progressive scans (T.81 annex G): an end of block may be that of many, and a scan may add
//! one more bit to what others have sent.

use super::{Codes, END_OF_BLOCK, Entries, HuffmanSpec, NoSuchCode, Short, entries, look_up};
use crate::bits::{Clean, Window};

/// For the first bits of AC coefficients in progressive scans, where an end of block may be that of many blocks: T.81
/// G.1.2.2.
pub(crate) struct BandTable {
    codes: Codes,
    entries: Box<Entries>,
}

/// A symbol of a progressive scan: with the logarithm of how many blocks end added to [`END_OF_BLOCK`].
fn run_and_size_in_band(symbol: u8) -> (u32, usize) {
    match (symbol >> 4, symbol & 15) {
        (15, 0) => (0, 16),
        (run, 0) => (0, END_OF_BLOCK + usize::from(run)),
        (run, size) => (size.into(), usize::from(run) + 1),
    }
}

impl BandTable {
    /// Makes a table ready.
    pub(crate) fn new(spec: &HuffmanSpec) -> Self {
        let (codes, short) = Codes::new(spec);
        let entries = Box::new(entries(&short, None, |symbol| Some(run_and_size_in_band(symbol))));
        Self { codes, entries }
    }

    /// The next coefficient: by how many to advance, and its value. Takes at most 31 bits, which must be in the window; if it
    /// takes more than one look-up, it refills the window.
    #[inline(always)]
    pub(crate) fn coefficient<const LENGTH: usize>(
        &self,
        window: &mut Window,
        clean: &Clean<LENGTH>,
    ) -> Result<(usize, i32), NoSuchCode> {
        look_up(&self.codes, &self.entries, window, clean, run_and_size_in_band)
    }
}

/// For one more bit of AC coefficients in progressive scans: T.81 G.1.2.3.
pub(crate) struct RefinementTable {
    codes: Codes,
    short: Box<Short>,
}

impl RefinementTable {
    /// Makes a table ready.
    pub(crate) fn new(spec: &HuffmanSpec) -> Self {
        let (codes, short) = Codes::new(spec);
        Self { codes, short }
    }

    /// The run and the size of the next symbol. Takes at most 16 bits, which must be in the window.
    #[inline(always)]
    pub(crate) fn symbol(&self, window: &mut Window) -> Result<(u32, u32), NoSuchCode> {
        let symbol = self.codes.symbol(&self.short, window)?;
        Ok((u32::from(symbol >> 4), u32::from(symbol & 15)))
    }
}
