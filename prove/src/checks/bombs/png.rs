//! PNG: sides that nobody could hold, and chunks that unpack to more than anybody wants.
//! <https://www.w3.org/TR/png-3/>

use std::io;

use super::bytes::{MEBIBYTE, be32, packed_zeros};
use super::liar::{Fate, Liar, liar};
use crate::check::Length;

/// Bits of a sample, and the kind of colours.
const BILEVEL: [u8; 2] = [1, 0];
const GRAY: [u8; 2] = [8, 0];
const PALETTE: [u8; 2] = [8, 3];
const RGBA_16: [u8; 2] = [16, 6];

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1A\n";

/// Length, name, content, checksum of both.
pub(crate) fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let named = [name.as_slice(), content].concat();
    [be32(content.len()).as_slice(), &named, &crc32fast::hash(&named).to_be_bytes()].concat()
}

fn header(width: usize, height: usize, samples: [u8; 2], interlaced: bool) -> Vec<u8> {
    let fields = [be32(width).as_slice(), &be32(height), &samples, &[0, 0, u8::from(interlaced)]].concat();
    [SIGNATURE, &chunk(*b"IHDR", &fields)].concat()
}

/// A grey picture of these sides, with chunks before its pixels.
pub(crate) fn gray(side: usize, before: &[u8]) -> io::Result<Vec<u8>> {
    let pixels = packed_zeros((side + 1) * side)?;
    Ok([header(side, side, GRAY, false), before.to_vec(), chunk(*b"IDAT", &pixels), chunk(*b"IEND", &[])]
        .concat())
}

fn of(head: Vec<u8>, rows: usize) -> io::Result<Vec<u8>> {
    Ok([head, chunk(*b"IDAT", &packed_zeros(rows)?), chunk(*b"IEND", &[])].concat())
}

pub(super) fn liars(length: Length) -> io::Result<Vec<Liar>> {
    let bomb = length.of(256, 2048) * MEBIBYTE;
    let named = |name: &[u8]| -> io::Result<Vec<u8>> { Ok([name, &packed_zeros(bomb)?].concat()) };
    let many = length.of(300_000, 2_000_000);
    let mut liars = sides()?;
    liars.extend([
        liar("png-idat-bomb", Fate::Either("rows beyond the last one"), {
            [header(16, 16, GRAY, false), chunk(*b"IDAT", &packed_zeros(bomb)?), chunk(*b"IEND", &[])]
                .concat()
        }),
        liar("png-iccp-bomb", Fate::Legal("a profile that is too long is ignored"), {
            gray(64, &chunk(*b"iCCP", &named(b"p\0\0")?))?
        }),
        liar(
            "png-ztxt-bomb",
            Fate::Legal("texts are not read"),
            gray(64, &chunk(*b"zTXt", &named(b"Comment\0\0")?))?,
        ),
        liar("png-itxt-bomb", Fate::Legal("texts are not read"), {
            gray(64, &chunk(*b"iTXt", &named(b"XML:com.adobe.xmp\0\x01\0\0\0")?))?
        }),
        liar("png-many-chunks", Fate::Legal("chunks that nobody knows are passed over"), {
            gray(64, &chunk(*b"juNk", &[]).repeat(many))?
        }),
        liar("png-many-texts", Fate::Legal("texts are not read"), {
            gray(64, &chunk(*b"tEXt", b"a\0b").repeat(many))?
        }),
        liar("png-pixels-in-slivers", Fate::Legal("pixels may lie in any number of chunks"), {
            let pixels = packed_zeros(257 * 256)?;
            let slivers: Vec<u8> = pixels.iter().flat_map(|byte| chunk(*b"IDAT", &[*byte])).collect();
            let nothing = chunk(*b"IDAT", &[]).repeat(many);
            [header(256, 256, GRAY, false), nothing, slivers, chunk(*b"IEND", &[])].concat()
        }),
        liar("png-chunk-of-2-gibibytes", Fate::Refused, {
            [header(16, 16, GRAY, false), b"\x7F\xFF\xFF\xFFIDAT".to_vec(), packed_zeros(17 * 16)?].concat()
        }),
        liar("png-chunk-of-4-gibibytes", Fate::Refused, {
            [header(16, 16, GRAY, false), b"\xFF\xFF\xFF\xFFtEXt".to_vec(), packed_zeros(17 * 16)?].concat()
        }),
        liar("png-palette-of-65536", Fate::Refused, {
            let palette = chunk(*b"PLTE", &vec![0x55; 3 * 65536]);
            of([header(16, 16, PALETTE, false), palette].concat(), 17 * 16)?
        }),
        liar("png-palette-missing", Fate::Refused, of(header(16, 16, PALETTE, false), 17 * 16)?),
        liar("png-animation-of-4-billion-frames", Fate::Legal("the default image of an animated one"), {
            gray(64, &chunk(*b"acTL", &[0xFF; 8]))?
        }),
        liar("png-depth-of-255", Fate::Refused, of(header(16, 16, [255, 255], true), 17 * 16)?),
        liar("png-exif-in-circles", Fate::Legal("a broken EXIF block is ignored"), {
            gray(64, &chunk(*b"eXIf", &super::exif::in_circles()))?
        }),
        liar("png-exif-of-mebibytes", Fate::Legal("EXIF is passed over but for its orientation"), {
            gray(64, &chunk(*b"eXIf", &[super::exif::in_circles(), vec![0; 8 * MEBIBYTE]].concat()))?
        }),
        liar("png-exif-of-20-mebibytes", Fate::Refused, {
            gray(64, &chunk(*b"eXIf", &[super::exif::in_circles(), vec![0; 20 * MEBIBYTE]].concat()))?
        }),
        liar("png-profile-that-is-none", Fate::Legal("a broken profile is ignored"), {
            gray(64, &chunk(*b"iCCP", b"p\0\0this is not packed by anything"))?
        }),
        liar("png-no-pixels", Fate::Refused, [header(16, 16, GRAY, false), chunk(*b"IEND", &[])].concat()),
    ]);
    Ok(liars)
}

/// Sides beyond the limits, and just within them.
fn sides() -> io::Result<Vec<Liar>> {
    let few = |head: Vec<u8>| of(head, MEBIBYTE);
    Ok(vec![
        liar("png-50000-by-50000", Fate::ByHeader("too_large"), few(header(50_000, 50_000, BILEVEL, false))?),
        liar(
            "png-50000-by-50000-interlaced",
            Fate::ByHeader("too_large"),
            few(header(50_000, 50_000, BILEVEL, true))?,
        ),
        liar("png-sides-of-2-billion", Fate::ByHeader("too_large"), {
            few(header(0x7FFF_FFFF, 0x7FFF_FFFF, RGBA_16, false))?
        }),
        liar("png-sides-of-4-billion", Fate::Refused, few(header(0xFFFF_FFFF, 0xFFFF_FFFF, RGBA_16, false))?),
        liar("png-one-by-2-billion", Fate::ByHeader("too_large"), few(header(1, 0x7FFF_FFFF, GRAY, false))?),
        liar("png-no-width", Fate::Refused, few(header(0, 16, GRAY, false))?),
        liar("png-rows-missing", Fate::Refused, few(header(10_000, 10_000, GRAY, false))?),
        liar("png-giant", Fate::Giant("119 megapixels"), {
            of(header(10_900, 10_900, GRAY, false), 10_901 * 10_900)?
        }),
        liar("png-giant-interlaced", Fate::Giant("119 megapixels, held in full"), {
            // Seven passes, each row with its filter: at most two bytes a row more than all pixels.
            of(header(10_900, 10_900, GRAY, true), 10_900 * 10_900 + 2 * 10_900 + 8)?
        }),
    ])
}
