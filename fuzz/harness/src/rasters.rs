//! Pixels of any kind through every encoder, and back.

use image::RgbaImage;
use thumbline_imaging::{Output, OutputFormat, Rendition};

use crate::{carriers, promises};

const MAX_SIDE: usize = 64;
/// AVIF takes a hundred times as long as the others.
const MAX_AVIF_PIXELS: usize = 256;

/// An input is pixels of four bytes, the width, what kind of picture it is to be, and a quality.
pub(crate) fn try_on(input: &[u8]) -> bool {
    let [bytes @ .., width, kind, quality] = input else { return false };
    let (pixels, _) = bytes.as_chunks::<4>();
    if pixels.is_empty() {
        return false;
    }
    let width = (usize::from(*width) % MAX_SIDE + 1).min(pixels.len());
    let height = (pixels.len() / width).min(MAX_SIDE);
    let pixels: Vec<[u8; 4]> =
        pixels.iter().take(width * height).map(|pixel| simplified(*pixel, pixels, *kind)).collect();
    if pixels.iter().all(|pixel| pixel[3] == 0) {
        // A BMP that would show nothing at all is taken for one whose fourth byte means nothing.
        return false;
    }
    let source = carriers::bmp(width, height, &pixels);

    let quality = quality % 100 + 1;
    let as_it_is = |format: Output| Rendition::new(None, None).with_format(format).with_quality(quality);
    let mut renditions = vec![
        as_it_is(OutputFormat::Png.into()),
        as_it_is(OutputFormat::WebP.into()).with_lossless(true),
        as_it_is(OutputFormat::Jpeg.into()).with_progressive(kind & 0x08 != 0),
        as_it_is(OutputFormat::WebP.into()),
        as_it_is(Output::Auto),
    ];
    if kind & 0x10 != 0 && pixels.len() <= MAX_AVIF_PIXELS {
        renditions.push(as_it_is(OutputFormat::Avif.into()));
    }
    let rendered = promises::hold(&source, &renditions, 1);
    let rendered = rendered.unwrap_or_else(|error| panic!("a sound picture is refused: {error}"));
    for thumbnail in rendered.thumbnails.iter().take(2) {
        assert_same(&promises::read(thumbnail), &pixels);
    }
    true
}

/// A pixel of a picture of few colours, of greys, of full opacity, or as it is.
fn simplified([b, g, r, alpha]: [u8; 4], all: &[[u8; 4]], kind: u8) -> [u8; 4] {
    let gray = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    let gray = u8::try_from(gray).unwrap_or(u8::MAX);
    match kind % 8 {
        0 | 1 => [b, g, r, u8::MAX],
        2 => [gray, gray, gray, u8::MAX],
        3 => [gray, gray, gray, alpha],
        4 => all.get(usize::from(b % 4)).map_or([0; 4], |[b, g, r, _]| [*b, *g, *r, u8::MAX]),
        5 => all.get(usize::from(b % 32)).copied().unwrap_or_default(),
        6 => [b, g, r, if alpha < 128 { 0 } else { u8::MAX }],
        _ => [b, g, r, alpha],
    }
}

/// Colours are multiplied by alpha on the way, so that few of them are left where there is little of it.
fn assert_same(seen: &RgbaImage, pixels: &[[u8; 4]]) {
    for (seen, [b, g, r, alpha]) in seen.pixels().zip(pixels) {
        assert_eq!(seen[3], *alpha);
        let apart = match alpha {
            0 => continue,
            &u8::MAX => 0,
            alpha => (u8::MAX / alpha).saturating_add(1),
        };
        for (seen, stored) in seen.0.iter().zip([r, g, b]) {
            assert!(seen.abs_diff(*stored) <= apart, "{seen} for {stored}, with an alpha of {alpha}");
        }
    }
}
