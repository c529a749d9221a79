//! The bits of entropy-coded data (T.81 F.2.2.5), without the zero bytes that are stuffed in after each 0xFF.
//!
//! Data are unstuffed some kilobytes at a time into a buffer that stays in the first-level cache, always with enough
//! ahead for a whole MCU. So the hot loops load eight bytes whenever they like, and never ask whether there are any.

use crate::error::Error;
use crate::feed::Feed;
use crate::plain::copy_plain;
use crate::segment::marker;

/// How many bits a Huffman code and what follows it can have at most: DC or AC, 16 + 15.
const MAX_SYMBOL_BITS: usize = 31;

/// How many bytes a block can take at most, 64 symbols.
pub(crate) const MAX_BLOCK_BYTES: usize = 64 * MAX_SYMBOL_BITS / 8;

/// How many bytes the DC coefficient of a block can take at most.
pub(crate) const MAX_DC_BYTES: usize = MAX_SYMBOL_BITS.div_ceil(8);

/// What is loaded at once: reads beyond the end of the data find zeros.
const WORD: usize = 8;

/// Unstuffed data, of which a word can be loaded from any place that is taken modulo the length without that word.
pub(crate) type Clean<const LENGTH: usize> = [u8; LENGTH];

/// Room for more than two margins of the largest MCU, and a chunk. Only what is used of it is ever touched.
pub(crate) const FOR_MCUS: usize = (1 << 16) + WORD;

/// The same where an MCU takes no more than a block: of progressive scans there are many at once.
pub(crate) const FOR_BLOCKS: usize = (1 << 13) + WORD;

/// Entropy-coded data up to the next marker.
pub(crate) struct EntropyData<'a, const LENGTH: usize> {
    feed: Feed<'a>,
    /// Where in the source the first byte is that is not in `clean` yet.
    next: usize,
    clean: Box<Clean<LENGTH>>,
    filled: usize,
    /// Whether a marker, or the end of the source, comes at `next`.
    is_ended: bool,
    /// How much must be ahead of an MCU.
    margin: usize,
}

/// The bits that are loaded: a copy of these stays in registers as long as a loop goes on.
#[derive(Clone, Copy, Default)]
pub(crate) struct Window {
    /// The next byte of `clean` to load.
    at: usize,
    /// The next bits, the first one on top.
    bits: u64,
    /// How many of them count, modulo 64. Those below may be there already or not.
    held: u32,
}

impl Window {
    /// Loads bits: afterwards there are at least 56.
    #[inline(always)]
    pub(crate) fn refill<const LENGTH: usize>(&mut self, clean: &Clean<LENGTH>) {
        let place = self.at % (LENGTH - WORD);
        let held = self.held & 63;
        if let Some(bytes) = clean[place..].first_chunk::<WORD>() {
            self.bits |= u64::from_be_bytes(*bytes) >> held;
        }
        self.at += ((63 - held) >> 3) as usize;
        self.held = held | 0x38;
    }

    /// The next `count` bits, 1 to 32 of them, as a number.
    #[inline(always)]
    pub(crate) fn peek(&self, count: u32) -> usize {
        (self.bits >> (64 - count)) as usize
    }

    /// Goes on by as many bits as the low six bits of `count` say.
    #[inline(always)]
    pub(crate) fn skip(&mut self, count: u32) {
        self.bits <<= count & 63;
        self.held = self.held.wrapping_sub(count);
    }

    /// Undoes going on by `bits`, which were the last that were gone on by, and `count` of them, at least one.
    #[inline(always)]
    pub(crate) fn give_back(&mut self, bits: u32, count: u32) {
        self.bits = self.bits >> count | u64::from(bits) << (64 - count);
        self.held = self.held.wrapping_add(count);
    }

    /// How many bits of the data were taken.
    fn taken(self) -> usize {
        (self.at * 8).saturating_sub((self.held & 63) as usize)
    }

    /// Takes `count` bits, 0 to 16 of them.
    #[inline(always)]
    pub(crate) fn take(&mut self, count: u32) -> u32 {
        // In two steps, for a shift by 64 is none.
        let taken = (self.bits >> 1) >> (63 - count);
        self.skip(count);
        taken as u32
    }
}

impl<'a, const LENGTH: usize> EntropyData<'a, LENGTH> {
    /// How much is unstuffed at once: as much as the first-level cache bears beside the tables, since a margin is moved each
    /// time; and little for a scan that is one of many.
    const CHUNK: usize = if LENGTH > FOR_BLOCKS { 16 << 10 } else { 4 << 10 };

    /// The data from `start` on, of MCUs of at most so many bytes.
    pub(crate) fn new(feed: Feed<'a>, start: usize, mcu_bytes: usize) -> Self {
        let margin = mcu_bytes + MAX_BLOCK_BYTES + 2 * WORD;
        // Compilers set this aside on the heap at once, and zeroed.
        #[allow(clippy::large_stack_arrays)]
        let clean = Box::new([0; LENGTH]);
        Self { feed, next: start, clean, filled: 0, is_ended: false, margin }
    }

    /// The bytes that a [`Window`] loads from.
    #[inline(always)]
    pub(crate) fn clean(&self) -> &Clean<LENGTH> {
        &self.clean
    }

    /// Sees to it that another MCU can be read: false if the data are known to have ended before.
    #[inline(always)]
    pub(crate) fn prepare(&mut self, window: &mut Window) -> bool {
        if window.at + self.margin <= self.filled {
            return true;
        }
        // By value, so that the caller's window may stay in registers.
        let (is_ready, moved) = self.top_up(*window);
        *window = moved;
        is_ready
    }

    #[inline(never)]
    fn top_up(&mut self, mut window: Window) -> (bool, Window) {
        if self.is_ended {
            return (!self.is_overrun(window), window);
        }
        let kept = window.at.min(self.filled);
        self.clean.copy_within(kept..self.filled, 0);
        self.filled -= kept;
        window.at = 0;
        self.unstuff();
        (true, window)
    }

    fn unstuff(&mut self) {
        let capacity = self.margin + Self::CHUNK;
        while self.filled < capacity && !self.is_ended {
            let at_hand = self.feed.from(self.next);
            let plain = copy_plain(at_hand, &mut self.clean[self.filled..], capacity - self.filled);
            self.filled += plain;
            self.next += plain;
            match self.feed.byte(self.next, self.next) {
                Some(0xFF) => self.unstuff_marker(),
                Some(_) => {}
                None => self.is_ended = true,
            }
        }
        if self.is_ended {
            self.clean[self.filled..self.filled + self.margin].fill(0);
        }
    }

    /// At a 0xFF: a byte of data if zero follows, with any number of 0xFF between as libjpeg has it; or else the end.
    fn unstuff_marker(&mut self) {
        let mut after = self.next + 1;
        while self.feed.byte(after, self.next) == Some(0xFF) {
            after += 1;
        }
        if self.feed.byte(after, self.next) == Some(0) {
            self.clean[self.filled] = 0xFF;
            self.filled += 1;
            self.next = after + 1;
        } else {
            self.is_ended = true;
        }
    }

    /// Whether more bits were taken than there are.
    pub(crate) fn is_overrun(&self, window: Window) -> bool {
        self.is_ended && window.taken() > self.filled * 8
    }

    /// How many whole bytes are left before the marker: a decoder at the end of its data leaves none.
    pub(crate) fn is_exhausted(&self, window: Window) -> bool {
        self.is_ended && window.taken() + 8 > self.filled * 8
    }

    /// Whether the source itself ends where these data do.
    pub(crate) fn is_cut(&mut self) -> bool {
        self.is_ended && self.next_marker().is_none()
    }

    /// Why the source could not be read on, if it could not.
    pub(crate) fn failure(&self) -> Option<&Error> {
        self.feed.failure()
    }

    /// Where in the source the next bit is, or the marker that ended the data.
    pub(crate) fn position(&self, window: Window) -> usize {
        let ahead = self.clean.get((window.taken() / 8)..self.filled).unwrap_or_default();
        let stuffed = memchr::memchr_iter(0xFF, ahead).count();
        self.next.saturating_sub(ahead.len() + stuffed)
    }

    /// The marker after the data, and where it is; data that are left are passed over.
    pub(crate) fn next_marker(&mut self) -> Option<(u8, usize)> {
        self.feed.next_marker(self.next)
    }

    /// What comes after all that was looked at so far, and from where on: in between there is no marker.
    pub(crate) fn into_rest(self) -> (Feed<'a>, usize) {
        (self.feed, self.next)
    }

    /// Goes on with the data at `start`.
    pub(crate) fn restart(&mut self, start: usize) -> Window {
        self.next = start;
        self.filled = 0;
        self.is_ended = false;
        Window::default()
    }
}

/// Whether a marker is a restart marker, and which one.
pub(crate) fn restart_number(code: u8) -> Option<u8> {
    matches!(code, marker::RST0..=marker::RST7).then(|| code - marker::RST0)
}
