//! JPEG: scans by the thousand, segments by the megabyte. <https://www.w3.org/Graphics/JPEG/itu-t81.pdf>

use super::bytes::{MEBIBYTE, be16};
use super::exif;
use super::liar::{Fate, Liar, liar};
use crate::check::Length;

const START: &[u8] = b"\xFF\xD8";
const END: &[u8] = b"\xFF\xD9";
/// The markers of frames.
const BASELINE: u8 = 0xC0;
const PROGRESSIVE: u8 = 0xC2;
/// Blocks are of 8 by 8 pixels.
const BLOCK: usize = 8;

/// A marker, the length of what follows, and that.
pub(crate) fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    [&[0xFF, marker], be16(content.len() + 2).as_slice(), content].concat()
}

/// Steps of one everywhere.
fn quantisation() -> Vec<u8> {
    segment(0xDB, &[vec![0], vec![1; 64]].concat())
}

/// Tables with the same two codes each: 0 is `first`, 10 is `second`.
fn codes(first: u8, second: u8, class: u8) -> Vec<u8> {
    let lengths = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    segment(0xC4, &[&[class << 4], lengths.as_slice(), &[first, second]].concat())
}

/// A frame of one component.
fn frame(kind: u8, width: usize, height: usize) -> Vec<u8> {
    segment(kind, &[&[8], be16(height).as_slice(), &be16(width), &[1, 1, 0x11, 0]].concat())
}

/// A frame with these many components, all alike.
fn frame_of(components: u8) -> Vec<u8> {
    let each: Vec<u8> = (1..=components).flat_map(|number| [number, 0x11, 0]).collect();
    segment(BASELINE, &[&[8, 0, 16, 0, 16, components], each.as_slice()].concat())
}

/// The header of a scan of coefficients `from..=to` of a component, from bit `high` (none: 0) down to bit `low`.
fn scan_of(component: u8, from: u8, to: u8, high: u8, low: u8) -> Vec<u8> {
    segment(0xDA, &[1, component, 0, from, to, high << 4 | low])
}

/// The same of the only component.
fn scan(from: u8, to: u8) -> Vec<u8> {
    scan_of(1, from, to, 0, 0)
}

/// Bits, filled up with ones, and a zero behind each 0xFF.
#[derive(Default)]
struct Bits {
    held: u64,
    count: u32,
    bytes: Vec<u8>,
}

impl Bits {
    fn put(&mut self, bits: u64, count: u32) {
        self.held = self.held << count | bits;
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.held >> self.count).to_le_bytes()[0];
            self.bytes.push(byte);
            if byte == 0xFF {
                self.bytes.push(0);
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        let missing = (8 - self.count % 8) % 8;
        self.put((1 << missing) - 1, missing);
        self.bytes
    }
}

/// What says of `blocks` blocks that none of their coefficients is anything, with code 10 for a run of 2^14 to 2^15 - 1 blocks
/// and 0 for a single one.
fn nothing_at_all(blocks: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    let mut left = blocks;
    while left >= 1 << 14 {
        let run = left.min((1 << 15) - 1);
        bits.put(0b10, 2);
        bits.put((run - (1 << 14)) as u64, 14);
        left -= run;
    }
    for _ in 0..left {
        bits.put(0, 1);
    }
    bits.finish()
}

/// A progressive picture with as many scans as its rules allow for so many bits: each coefficient of each component in a scan
/// of its own, and each of its bits in another.
fn of_scans(side: usize, components: u8, bits: u8) -> Vec<u8> {
    let last = bits - 1;
    let blocks = side.div_ceil(BLOCK).pow(2);
    let nothing = nothing_at_all(blocks);
    let parts: Vec<u8> = (1..=components).flat_map(|number| [number, 0x11, 0]).collect();
    let frame = [&[8], be16(side).as_slice(), &be16(side), &[components], &parts].concat();
    let mut file = [START, &quantisation(), &segment(PROGRESSIVE, &frame)].concat();
    // DC: code 0 is «no difference». AC: code 10 is a run of 2^14 blocks and more (0xE0), code 0 the end of one.
    file.extend([codes(0, 1, 0), codes(0, 0xE0, 1)].concat());
    for number in 1..=components {
        file.extend([scan_of(number, 0, 0, 0, 0), vec![0; blocks.div_ceil(8)]].concat());
    }
    for bit in (0..bits).rev() {
        for (coefficient, number) in
            (1..64).flat_map(|index| (1..=components).map(move |number| (index, number)))
        {
            let high = if bit == last { 0 } else { bit + 1 };
            file.extend(scan_of(number, coefficient, coefficient, high, bit));
            file.extend(&nothing);
        }
    }
    file.extend(END);
    file
}

/// A grey baseline picture in which nothing is, with segments before its frame.
pub(crate) fn gray(side: usize, before: &[u8]) -> Vec<u8> {
    let blocks = side.div_ceil(BLOCK).pow(2);
    let tables = [quantisation(), frame(BASELINE, side, side), codes(0, 1, 0), codes(0, 1, 1)].concat();
    // Two codes of one zero bit for each block: no difference, and no more of it.
    [START, before, &tables, &scan(0, 63), &vec![0; blocks.div_ceil(4)], END].concat()
}

pub(super) fn liars(length: Length) -> Vec<Liar> {
    let many = length.of(100_000, 1_000_000);
    let mut liars = frames();
    liars.extend([
        liar("jpeg-2649-scans", Fate::Refused, of_scans(4_000, 3, 14)),
        liar("jpeg-192-scans", Fate::Legal("as many scans as may be"), of_scans(1_000, 3, 1)),
        liar("jpeg-192-scans-of-100-megapixels", Fate::Giant("each scan goes over 100 megapixels"), {
            of_scans(10_000, 3, 1)
        }),
        liar("jpeg-the-same-scan-1000-times", Fate::Either("a scan that says again what was said"), {
            let again = [scan(1, 63), nothing_at_all(4)].concat().repeat(1_000);
            let head =
                [quantisation(), frame(PROGRESSIVE, 16, 16), codes(0, 1, 0), codes(0, 0xE0, 1)].concat();
            [START, &head, &scan(0, 0), &[0], &again, END].concat()
        }),
        liar("jpeg-profile-of-16-mebibytes", Fate::Legal("a profile that is too long is ignored"), {
            let part = |number: u8| {
                segment(0xE2, &[b"ICC_PROFILE\0".as_slice(), &[number, 255], &vec![number; 65_519]].concat())
            };
            gray(64, &(1..=255).flat_map(part).collect::<Vec<u8>>())
        }),
        liar("jpeg-profile-in-no-order", Fate::Legal("a profile that is not whole is ignored"), {
            let part =
                |number: u8| segment(0xE2, &[b"ICC_PROFILE\0".as_slice(), &[number, 0], b"acsp"].concat());
            gray(64, &[0, 255, 7, 7, 7, 0].into_iter().flat_map(part).collect::<Vec<u8>>())
        }),
        liar("jpeg-exif-in-circles", Fate::Legal("a broken EXIF block is ignored"), {
            gray(64, &segment(0xE1, &[b"Exif\0\0".as_slice(), &exif::in_circles()].concat()))
        }),
        liar("jpeg-exif-by-the-thousand", Fate::Legal("EXIF blocks beyond the first are passed over"), {
            let block = segment(0xE1, &[b"Exif\0\0".as_slice(), &exif::in_circles()].concat());
            gray(64, &block.repeat(many / 10))
        }),
        liar("jpeg-fill-bytes-without-end", Fate::Legal("fill bytes are passed over"), {
            gray(64, &vec![0xFF; 16 * MEBIBYTE])
        }),
        liar("jpeg-stray-bytes-without-end", Fate::Legal("stray bytes are passed over"), {
            gray(64, &[segment(0xFE, b""), vec![b'x'; 16 * MEBIBYTE]].concat())
        }),
        liar("jpeg-stuffed-zeros-without-end", Fate::Legal("stray bytes are passed over"), {
            gray(64, &[segment(0xFE, b""), [0xFF, 0].repeat(2 * MEBIBYTE)].concat())
        }),
        liar(
            "jpeg-tables-without-end",
            Fate::Legal("tables may be told anew"),
            gray(64, &codes(0, 1, 0).repeat(many)),
        ),
        liar("jpeg-restart-intervals-without-end", Fate::Legal("intervals may be told anew"), {
            gray(64, &segment(0xDD, &[0, 0]).repeat(many))
        }),
        liar("jpeg-comments-without-end", Fate::Legal("comments are passed over"), {
            gray(64, &segment(0xFE, b"").repeat(many))
        }),
        liar("jpeg-codes-of-more-bits-than-there-are", Fate::Refused, {
            let table = segment(0xC4, &[vec![0], vec![255; 16], vec![0; 4080]].concat());
            [START, &quantisation(), &frame(BASELINE, 16, 16), &table, &scan(0, 63), &[0; 8], END].concat()
        }),
        liar("jpeg-giant", Fate::Giant("119 megapixels of two bits a block"), gray(10_900, &[])),
    ]);
    liars
}

/// Frames that no picture has.
fn frames() -> Vec<Liar> {
    let one = |frame: &[u8]| {
        let tables = [codes(0, 1, 0), codes(0, 1, 1)].concat();
        [START, &quantisation(), frame, &tables, &scan(0, 63), &[0; 4], END].concat()
    };
    vec![
        liar("jpeg-50000-by-50000", Fate::ByHeader("too_large"), one(&frame(BASELINE, 50_000, 50_000))),
        liar("jpeg-sides-of-65535", Fate::ByHeader("too_large"), one(&frame(PROGRESSIVE, 65_535, 65_535))),
        liar("jpeg-height-told-later", Fate::Refused, one(&frame(BASELINE, 64, 0))),
        liar("jpeg-no-width", Fate::Refused, one(&frame(BASELINE, 0, 64))),
        liar("jpeg-no-components", Fate::Refused, one(&frame_of(0))),
        liar("jpeg-255-components", Fate::Refused, one(&frame_of(255))),
        liar("jpeg-samplings-of-15", Fate::Refused, {
            one(&segment(BASELINE, &[8, 0, 16, 0, 16, 3, 1, 0xFF, 0, 2, 0xFF, 0, 3, 0xFF, 0]))
        }),
        liar("jpeg-samplings-of-0", Fate::Refused, one(&segment(BASELINE, &[8, 0, 16, 0, 16, 1, 1, 0, 0]))),
        liar("jpeg-12-bits", Fate::Refused, one(&segment(0xC1, &[12, 0, 16, 0, 16, 1, 1, 0x11, 0]))),
        liar("jpeg-lossless", Fate::Refused, one(&frame(0xC3, 16, 16))),
        liar("jpeg-arithmetic", Fate::Refused, one(&frame(0xC9, 16, 16))),
        liar("jpeg-hierarchical", Fate::Refused, one(&frame(0xC5, 16, 16))),
        liar(
            "jpeg-frame-within-a-frame",
            Fate::Refused,
            one(&[frame(BASELINE, 16, 16), frame(BASELINE, 50_000, 50_000)].concat()),
        ),
        liar(
            "jpeg-segment-of-no-length",
            Fate::Refused,
            [START, b"\xFF\xE1\0\0", &one(&frame(BASELINE, 16, 16))].concat(),
        ),
        liar("jpeg-segment-beyond-the-end", Fate::Refused, [START, b"\xFF\xE1\xFF\xFF", &[0; 99]].concat()),
        liar(
            "jpeg-no-tables",
            Fate::Refused,
            [START, &frame(BASELINE, 16, 16), &scan(0, 63), &[0; 4], END].concat(),
        ),
        liar("jpeg-no-scan", Fate::Refused, [START, &quantisation(), &frame(BASELINE, 16, 16), END].concat()),
    ]
}
