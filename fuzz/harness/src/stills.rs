//! Files of one format, as they are.

use std::borrow::Cow;

use thumbline_imaging::{SourceFormat, sniff};

use crate::{mending, promises, wishes};

/// Of the last byte: whether what is found is made twice.
const TWICE: u8 = 0x40;
/// Of the last byte: whether a PNG's checksums are put right, and whether a JPEG is cut.
const CHANGED: u8 = 0x80;

/// Renders a file of this format.
pub(crate) fn try_on(format: SourceFormat, input: &[u8]) -> bool {
    let Some((&choice, source)) = input.split_last() else { return false };
    if sniff(source) != Ok(format) {
        return false;
    }
    let source: Cow<'_, [u8]> = match format {
        SourceFormat::Png if choice & CHANGED != 0 => mending::png(source).into(),
        // Where it is cut depends on all of it, so that any place can be tried.
        SourceFormat::Jpeg if choice & CHANGED != 0 => {
            let place = crc32fast::hash(source) as usize % source.len();
            source[..place.max(3)].into()
        }
        _ => source.into(),
    };
    let times = if choice & TWICE == 0 { 1 } else { 2 };
    let _ = promises::hold(&source, &wishes::stills(choice), times);
    true
}

/// Renders a file that may move, moving.
pub(crate) fn try_moving(input: &[u8]) -> bool {
    let Some((&choice, source)) = input.split_last() else { return false };
    if !matches!(sniff(source), Ok(SourceFormat::Gif | SourceFormat::WebP)) {
        return false;
    }
    let times = if choice & TWICE == 0 { 1 } else { 2 };
    let _ = promises::hold(source, &wishes::moving(choice), times);
    true
}
