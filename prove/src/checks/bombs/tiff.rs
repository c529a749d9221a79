//! TIFF: directories in circles, numbers by the billion. <https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf>

use std::io;

use super::bytes::{MEBIBYTE, le16, le32, packed_zeros};
use super::exif::entry;
use super::liar::{Fate, Liar, liar};
use crate::check::Length;

pub(crate) const SHORT: usize = 3;
pub(crate) const LONG: usize = 4;

/// Entries, with the place of the next directory.
pub(crate) fn directory(entries: &[Vec<u8>], next: usize) -> Vec<u8> {
    [le16(entries.len()).as_slice(), &entries.concat(), &le32(next)].concat()
}

/// A file whose directory lies at its beginning, with what comes after it.
pub(crate) fn file(entries: &[Vec<u8>], next: usize, rest: &[u8]) -> Vec<u8> {
    [b"II*\0\x08\0\0\0".as_slice(), &directory(entries, next), rest].concat()
}

/// A grey picture of 8 bits in one strip that begins at `at`.
pub(crate) fn gray(width: usize, height: usize, coding: usize, at: usize, bytes: usize) -> Vec<Vec<u8>> {
    vec![
        entry(256, LONG, 1, width),
        entry(257, LONG, 1, height),
        entry(258, SHORT, 1, 8),
        entry(259, SHORT, 1, coding),
        entry(262, SHORT, 1, 1),
        entry(273, LONG, 1, at),
        entry(277, SHORT, 1, 1),
        entry(278, LONG, 1, height),
        entry(279, LONG, 1, bytes),
    ]
}

/// Where the data begin behind a header and a directory of these many entries.
pub(crate) fn after(entries: usize) -> usize {
    8 + 2 + 12 * entries + 4
}

/// The same, with entries of the same tags in their places, and others added.
pub(crate) fn with(mut entries: Vec<Vec<u8>>, changed: &[Vec<u8>]) -> Vec<Vec<u8>> {
    for change in changed {
        entries.retain(|entry| entry.get(..2) != change.get(..2));
        entries.push(change.clone());
    }
    entries.sort_by_key(|entry| entry.get(..2).map(|tag| tag.iter().rev().copied().collect::<Vec<u8>>()));
    entries
}

pub(super) fn liars(length: Length) -> io::Result<Vec<Liar>> {
    let many = length.of(1_000_000, 4_000_000);
    let plain = gray(16, 16, 1, after(9), 256);
    let pixels = vec![7; 256];
    let changed = |changes: &[Vec<u8>]| {
        let entries = with(plain.clone(), changes);
        file(&entries, 0, &pixels.repeat(2))
    };
    let mut liars = vec![
        liar(
            "tiff-50000-by-50000",
            Fate::ByHeader("too_large"),
            file(&gray(50_000, 50_000, 1, after(9), 256), 0, &pixels),
        ),
        liar("tiff-sides-of-4-billion", Fate::ByHeader("too_large"), {
            file(&gray(0xFFFF_FFFF, 0xFFFF_FFFF, 1, after(9), 256), 0, &pixels)
        }),
        liar("tiff-a-million-directories", Fate::Legal("the first page is the picture"), {
            let first = file(&plain, after(9) + 256, &pixels);
            let at = first.len();
            let further: Vec<u8> = (1..=many)
                .flat_map(|number| {
                    directory(&[entry(254, LONG, 1, 2)], if number < many { at + 18 * number } else { 0 })
                })
                .collect();
            [first, further].concat()
        }),
        liar(
            "tiff-directory-in-a-circle",
            Fate::Legal("the first page is the picture"),
            file(&plain, 8, &pixels),
        ),
        liar("tiff-directory-beyond-the-end", Fate::Refused, b"II*\0\xF0\xFF\xFF\xFF".to_vec()),
        liar("tiff-directory-in-the-header", Fate::Refused, b"II*\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec()),
        liar("tiff-directory-of-65535-entries", Fate::Refused, {
            let entries: Vec<Vec<u8>> = (1..=65_535).map(|tag| entry(tag, LONG, 0xFFFF_FFFF, 8)).collect();
            file(&entries, 0, &pixels)
        }),
        liar(
            "tiff-strips-by-the-billion",
            Fate::Refused,
            changed(&[entry(273, LONG, 0xFFFF_FFFF, 8), entry(279, LONG, 0xFFFF_FFFF, 8)]),
        ),
        liar(
            "tiff-strips-of-the-header",
            Fate::Legal("the pixels may be any bytes of the file"),
            changed(&[entry(273, LONG, 1, 0)]),
        ),
        liar("tiff-strip-beyond-the-end", Fate::Refused, changed(&[entry(273, LONG, 1, 0xFFFF_FFF0)])),
        liar("tiff-65535-bits", Fate::Refused, changed(&[entry(258, SHORT, 1, 65_535)])),
        liar("tiff-65535-samples", Fate::Refused, changed(&[entry(277, SHORT, 1, 65_535)])),
        liar("tiff-no-samples", Fate::Refused, changed(&[entry(277, SHORT, 1, 0)])),
        liar("tiff-rows-of-no-strip", Fate::Either("strips of no rows"), changed(&[entry(278, LONG, 1, 0)])),
        liar("tiff-tiles-of-2-billion", Fate::Refused, {
            changed(&[
                entry(322, LONG, 1, 0x8000_0000),
                entry(323, LONG, 1, 0x8000_0000),
                entry(324, LONG, 1, 8),
                entry(325, LONG, 1, 8),
            ])
        }),
        liar("tiff-tiles-of-nothing", Fate::Refused, {
            changed(&[
                entry(322, LONG, 1, 0),
                entry(323, LONG, 1, 0),
                entry(324, LONG, 1, 8),
                entry(325, LONG, 1, 8),
            ])
        }),
        liar("tiff-profile-of-4-gibibytes", Fate::Legal("a profile that is not in the file is ignored"), {
            changed(&[entry(34_675, 7, 0xFFFF_FFFF, 8)])
        }),
        liar(
            "tiff-palette-of-4-billion",
            Fate::Refused,
            changed(&[entry(262, SHORT, 1, 3), entry(320, SHORT, 0xFFFF_FFFF, 8)]),
        ),
        liar("tiff-exif-in-circles", Fate::Legal("directories of its own are passed over"), {
            changed(&[entry(330, LONG, 1, 8), entry(34_665, LONG, 1, 8), entry(34_853, LONG, 1, 8)])
        }),
        liar(
            "tiff-jpeg-tables-of-4-gibibytes",
            Fate::Refused,
            changed(&[entry(259, SHORT, 1, 7), entry(347, 7, 0xFFFF_FFFF, 8)]),
        ),
    ];
    liars.extend(packed(length)?);
    liars.extend(big());
    liars.push(overlapping());
    let giant = packed_zeros(10_900 * 10_900)?;
    liars.push(liar("tiff-giant-in-one-strip", Fate::Giant("119 megapixels in one strip, held in full"), {
        file(&gray(10_900, 10_900, 8, after(9), giant.len()), 0, &giant)
    }));
    Ok(liars)
}

/// Strips of far more bytes than their pixels need.
fn packed(length: Length) -> io::Result<Vec<Liar>> {
    let bomb = packed_zeros(length.of(256, 2048) * MEBIBYTE)?;
    let clears = |bytes: usize| {
        // 1 0000 0000 without end: the code that begins anew.
        [0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01, 0x00].repeat(bytes / 9)
    };
    Ok(vec![
        liar("tiff-the-same-clears-30000-times", Fate::Refused, {
            let (rows, clears) = (30_000, clears(MEBIBYTE));
            let at = after(9);
            let changes =
                [entry(273, LONG, rows, at), entry(278, LONG, 1, 1), entry(279, LONG, rows, at + 4 * rows)];
            let entries = with(gray(16, rows, 5, at, 16), &changes);
            let tables = [le32(at + 8 * rows).repeat(rows), le32(clears.len()).repeat(rows)].concat();
            file(&entries, 0, &[tables, clears].concat())
        }),
        liar(
            "tiff-deflate-bomb",
            Fate::Either("bytes beyond the last row"),
            file(&gray(16, 16, 8, after(9), bomb.len()), 0, &bomb),
        ),
        liar("tiff-packbits-bomb", Fate::Either("bytes beyond the last row"), {
            let runs = [0x81, 7].repeat(4 * MEBIBYTE);
            file(&gray(16, 16, 32_773, after(9), runs.len()), 0, &runs)
        }),
        liar("tiff-packbits-of-nothing", Fate::Refused, {
            let nothing = vec![0x80; 8 * MEBIBYTE];
            file(&gray(16, 16, 32_773, after(9), nothing.len()), 0, &nothing)
        }),
        liar("tiff-lzw-of-clears", Fate::Refused, {
            let clears = clears(length.of(8, 64) * MEBIBYTE);
            file(&gray(16, 16, 5, after(9), clears.len()), 0, &clears)
        }),
    ])
}

/// `BigTIFF`, whose numbers have 64 bits.
fn big() -> Vec<Liar> {
    let head = |at: u64| [b"II+\0\x08\0\0\0".as_slice(), &at.to_le_bytes()].concat();
    vec![
        liar("tiff-big-directory-beyond-the-end", Fate::Refused, head(u64::MAX)),
        liar(
            "tiff-big-entries-without-number",
            Fate::Refused,
            [head(16), u64::MAX.to_le_bytes().to_vec(), vec![1; 400]].concat(),
        ),
    ]
}

/// A picture of 4,000 by 30,000, each row of which is the same bytes of the file.
fn overlapping() -> Liar {
    let (width, rows) = (4_000, 30_000);
    let at = after(9);
    let changes = [entry(273, LONG, rows, at), entry(278, LONG, 1, 1), entry(279, LONG, rows, at + 4 * rows)];
    let entries = with(gray(width, rows, 1, at, width), &changes);
    let pixels_at = at + 8 * rows;
    let tables = [le32(pixels_at).repeat(rows), le32(width).repeat(rows), vec![9; width]].concat();
    liar("tiff-all-strips-are-one", Fate::Giant("120 megapixels of the same row"), file(&entries, 0, &tables))
}
