//! EXIF blocks and ICC profiles of any content in pictures that are sound: they are worth showing whatever those say.

use thumbline_imaging::{Limits, OutputFormat, Rendition, probe};

use crate::{carriers, promises};

/// The longest block: that of one JPEG segment, with what names it.
const MAX_BYTES: usize = 60_000;

/// The last byte says what carries the block.
pub(crate) fn try_on(input: &[u8]) -> bool {
    let Some((&kind, block)) = input.split_last() else { return false };
    if block.len() > MAX_BYTES {
        return false;
    }
    let exif = || [b"Exif\0\0", block].concat();
    let profile =
        |number: u8, of: u8, part: &[u8]| (2, [b"ICC_PROFILE\0".as_slice(), &[number, of], part].concat());
    let source = match kind % 16 {
        carried @ 0..8 => carriers::tiff(carried, block),
        8 => carriers::png(*b"eXIf", block),
        9 => carriers::png(*b"iCCP", &carriers::iccp(block)),
        10 => carriers::jpeg(&[(1, exif())]),
        11 => carriers::jpeg(&[profile(1, 1, block)]),
        12 => {
            let (front, rest) = block.split_at(block.len() / 2);
            carriers::jpeg(&[profile(2, 2, rest), profile(1, 2, front)])
        }
        13 => carriers::webp(0x08, *b"EXIF", block),
        14 => carriers::webp(0x20, *b"ICCP", block),
        _ => {
            // No picture at all, or one of any format: its header costs next to nothing.
            let _ = probe(block, &Limits::default());
            return true;
        }
    };
    let full = Rendition::new(None, None).with_format(OutputFormat::Png);
    if let Err(error) = promises::hold(&source, &[full], 1) {
        panic!("a picture is refused for what is said about it: {error}");
    }
    true
}
