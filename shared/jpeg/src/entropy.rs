//! What all scans have in common: restart intervals, and what to do where data are missing or wrong (T.81 B.2.1, F.2.2.5).

use crate::bits::{EntropyData, Window, restart_number};
use crate::error::Error;
use crate::feed::Feed;
use crate::huffman::NoSuchCode;
use crate::scan::Scan;

/// What is wrong with entropy-coded data.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// A bit pattern is no code of the table.
    NoSuchCode,
    /// A block has more than 64 coefficients, or a band more than its own.
    Overfull,
    /// The data end before their MCUs do.
    Ended,
    /// They go on after them.
    Leftover,
    /// An interval does not end with the restart marker that it should.
    WrongRestart,
}

impl From<NoSuchCode> for Fault {
    fn from(_: NoSuchCode) -> Self {
        Self::NoSuchCode
    }
}

impl Fault {
    fn rule(self) -> &'static str {
        match self {
            Self::NoSuchCode => "the data have a code that is not in their Huffman table",
            Self::Overfull => "a block has more coefficients than it has room for",
            Self::Ended => "a marker comes before the data of the scan are complete",
            Self::Leftover => "data are left over before a restart marker",
            Self::WrongRestart => "a restart interval does not end with the right restart marker",
        }
    }
}

/// What a lenient decoder did without.
#[derive(Clone, Debug, Default)]
pub(crate) struct Damage {
    /// How many MCUs were not decoded, and of how many.
    pub(crate) missing: u64,
    pub(crate) total: u64,
    /// The first thing that was wrong.
    pub(crate) fault: Option<Error>,
}

impl Damage {
    /// Adds that of another scan.
    pub(crate) fn add(&mut self, other: Self) {
        self.missing += other.missing;
        self.total += other.total;
        self.fault = self.fault.take().or(other.fault);
    }
}

/// The data of a scan, MCU by MCU.
pub(crate) struct Entropy<'a, const LENGTH: usize> {
    pub(crate) data: EntropyData<'a, LENGTH>,
    /// Where decoding goes on: hot loops work on a copy, and hand it to whoever needs to know in between.
    pub(crate) window: Window,
    /// In MCUs, and how many are left of this one; endless where there are none.
    interval: u64,
    left: u64,
    /// Which restart marker comes next.
    expected: u8,
    /// Whether everything up to the next restart is lost.
    is_lost: bool,
    /// How many intervals are missing before the one that the data at hand are of.
    missing_intervals: u8,
    is_lenient: bool,
    damage: Damage,
}

impl<'a, const LENGTH: usize> Entropy<'a, LENGTH> {
    /// The data of a scan of so many MCUs, of at most so many bytes each.
    pub(crate) fn new(feed: Feed<'a>, scan: &Scan, mcu_bytes: usize, mcus: u64, is_lenient: bool) -> Self {
        let interval = match scan.tables.restart_interval {
            0 => u64::MAX,
            interval => interval.into(),
        };
        Self {
            data: EntropyData::new(feed, scan.data, mcu_bytes),
            window: Window::default(),
            interval,
            left: interval,
            expected: 0,
            is_lost: false,
            missing_intervals: 0,
            is_lenient,
            damage: Damage { total: mcus, ..Damage::default() },
        }
    }

    /// Goes on to the next restart interval if this one is complete: whether it did.
    #[inline(always)]
    pub(crate) fn begin_mcu(&mut self, window: &mut Window) -> Result<bool, Error> {
        self.left = self.left.wrapping_sub(1);
        if self.left != u64::MAX {
            return Ok(false);
        }
        self.left = self.interval - 1;
        *window = self.restart(*window)?;
        Ok(true)
    }

    /// Sees to it that the data of an MCU are there.
    #[inline(always)]
    pub(crate) fn ready(&mut self, window: &mut Window) -> Option<Fault> {
        if !self.is_lost && self.data.prepare(window) { None } else { Some(Fault::Ended) }
    }

    /// Gives up an MCU, and the rest of its interval: strictly, the picture.
    #[cold]
    pub(crate) fn lose(&mut self, fault: Fault, window: Window) -> Result<(), Error> {
        if !self.is_lost {
            self.note(fault, window)?;
            self.is_lost = true;
        }
        self.damage.missing += 1;
        Ok(())
    }

    /// Says that something is wrong: strictly, an error.
    fn note(&mut self, fault: Fault, window: Window) -> Result<(), Error> {
        let error = self.explain(fault, window);
        if !self.is_lenient {
            return Err(error);
        }
        self.damage.fault.get_or_insert(error);
        Ok(())
    }

    /// What is made of zeros after the end of the data is not what is wrong.
    fn explain(&mut self, fault: Fault, window: Window) -> Error {
        if let Some(failure) = self.data.failure() {
            return failure.clone();
        }
        let is_over = matches!(fault, Fault::Ended) || self.data.is_overrun(window);
        let position = self.data.position(window);
        match (is_over, self.data.is_cut()) {
            (true, true) => Error::Truncated { position, within: "the data of a scan" },
            (true, false) => Error::Corrupt { position, rule: Fault::Ended.rule() },
            (false, _) => Error::Corrupt { position, rule: fault.rule() },
        }
    }

    #[cold]
    fn restart(&mut self, mut window: Window) -> Result<Window, Error> {
        if self.missing_intervals > 0 {
            self.missing_intervals -= 1;
            self.expected = (self.expected + 1) & 7;
            self.is_lost = self.missing_intervals > 0;
            return Ok(window);
        }
        if !self.is_lost {
            let is_ahead = self.data.prepare(&mut window);
            if !is_ahead || self.data.is_overrun(window) {
                self.note(Fault::Ended, window)?;
            } else if !self.data.is_exhausted(window) {
                self.note(Fault::Leftover, window)?;
            }
        }
        let (found, is_in_order) = self.find_restart(&mut window);
        if !is_in_order {
            let fault = if self.data.is_cut() { Fault::Ended } else { Fault::WrongRestart };
            self.note(fault, window)?;
        }
        self.expected = (self.expected + 1) & 7;
        // Where there is another marker, or none, the scan is over.
        self.missing_intervals = found.unwrap_or(0);
        self.is_lost = found != Some(0);
        Ok(window)
    }

    /// Goes to the next restart marker: how many were missing before it, and whether it is the right one. One that is behind
    /// by one or two came late, and is passed over; one that is ahead by one or two says that data were lost. That is how
    /// libjpeg has it.
    fn find_restart(&mut self, window: &mut Window) -> (Option<u8>, bool) {
        let mut is_in_order = true;
        while let Some((code, position)) = self.data.next_marker() {
            let Some(number) = restart_number(code) else { break };
            *window = self.data.restart(position + 2);
            match number.wrapping_sub(self.expected) & 7 {
                0 => return (Some(0), is_in_order),
                ahead @ (1 | 2) => return (Some(ahead), false),
                6 | 7 => is_in_order = false,
                _ => return (Some(0), false),
            }
        }
        (None, false)
    }

    /// Sees to it that the data did not end before the scan did. What was damaged, and what comes after it from where on.
    pub(crate) fn finish(mut self) -> Result<(Damage, Feed<'a>, usize), Error> {
        if !self.is_lost && self.data.is_overrun(self.window) {
            self.note(Fault::Ended, self.window)?;
            self.damage.missing += 1;
        }
        let (feed, position) = self.data.into_rest();
        Ok((self.damage, feed, position))
    }
}
