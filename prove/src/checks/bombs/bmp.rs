//! BMP: sides below zero, palettes of billions.
//! <https://learn.microsoft.com/windows/win32/api/wingdi/ns-wingdi-bitmapinfoheader>

use super::bytes::{MEBIBYTE, le16, le32};
use super::liar::{Fate, Liar, liar};

/// What the headers say.
struct Bmp {
    pixels_at: usize,
    header: usize,
    width: usize,
    height: usize,
    bits: usize,
    coding: usize,
    colors: usize,
}

const PLAIN: Bmp = Bmp { pixels_at: 54, header: 40, width: 16, height: 16, bits: 24, coding: 0, colors: 0 };

impl Bmp {
    fn of(&self, rest: &[u8]) -> Vec<u8> {
        let rest_bytes = rest.len();
        [
            b"BM".as_slice(),
            &le32(54 + rest_bytes),
            &[0; 4],
            &le32(self.pixels_at),
            &le32(self.header),
            &le32(self.width),
            &le32(self.height),
            &le16(1),
            &le16(self.bits),
            &le32(self.coding),
            &[0; 12],
            &le32(self.colors),
            &[0; 4],
            rest,
        ]
        .concat()
    }
}

pub(super) fn liars() -> Vec<Liar> {
    let pixels = vec![0x40; 16 * 48];
    let palette = [1, 2, 3, 0].repeat(256);
    vec![
        liar(
            "bmp-50000-by-50000",
            Fate::ByHeader("too_large"),
            Bmp { width: 50_000, height: 50_000, ..PLAIN }.of(&pixels),
        ),
        liar("bmp-height-below-zero", Fate::Refused, Bmp { height: 0x8000_0000, ..PLAIN }.of(&pixels)),
        liar("bmp-width-below-zero", Fate::Refused, Bmp { width: 0xFFFF_FFF0, ..PLAIN }.of(&pixels)),
        liar("bmp-upside-down", Fate::Legal("a height below zero puts the uppermost row first"), {
            Bmp { height: 0xFFFF_FFF0, ..PLAIN }.of(&pixels)
        }),
        liar("bmp-width-of-2-billion", Fate::ByHeader("too_large"), {
            Bmp { width: 0x7FFF_FFFF, height: 1, ..PLAIN }.of(&pixels)
        }),
        liar("bmp-no-width", Fate::Refused, Bmp { width: 0, ..PLAIN }.of(&pixels)),
        liar("bmp-header-of-4-gibibytes", Fate::Refused, Bmp { header: 0xFFFF_FFFF, ..PLAIN }.of(&pixels)),
        liar("bmp-pixels-beyond-the-end", Fate::Refused, Bmp { pixels_at: 0xFFFF_FFF0, ..PLAIN }.of(&pixels)),
        liar("bmp-pixels-in-the-header", Fate::Either("pixels that begin within the header"), {
            Bmp { pixels_at: 0, ..PLAIN }.of(&pixels)
        }),
        liar("bmp-palette-of-4-billion", Fate::Either("colours that no pixel can name"), {
            Bmp { bits: 8, colors: 0xFFFF_FFFF, pixels_at: 1078, ..PLAIN }.of(&[
                palette.clone(),
                pixels.clone(),
            ]
            .concat())
        }),
        liar("bmp-bits-of-65535", Fate::Refused, Bmp { bits: 65_535, ..PLAIN }.of(&pixels)),
        liar("bmp-masks-of-nothing", Fate::Either("masks that take no bits"), {
            Bmp { bits: 32, coding: 3, pixels_at: 66, ..PLAIN }.of(&[vec![0; 12], vec![7; 16 * 64]].concat())
        }),
        liar("bmp-runs-without-end", Fate::Either("what sticks out of a row, or comes after the last"), {
            let runs = [255, 1].repeat(4 * MEBIBYTE);
            Bmp { bits: 8, coding: 1, pixels_at: 1078, ..PLAIN }.of(&[palette.clone(), runs].concat())
        }),
        liar("bmp-deltas-without-end", Fate::Either("moves beyond the picture"), {
            let moves = [0, 2, 255, 255].repeat(2 * MEBIBYTE);
            Bmp { bits: 8, coding: 1, pixels_at: 1078, ..PLAIN }.of(&[palette.clone(), moves].concat())
        }),
        liar("bmp-rows-that-end-without-end", Fate::Either("ends of rows beyond the last"), {
            Bmp { bits: 8, coding: 1, pixels_at: 1078, ..PLAIN }
                .of(&[palette.clone(), vec![0; 8 * MEBIBYTE]].concat())
        }),
        liar("bmp-giant-in-runs", Fate::Giant("109 megapixels that a few bytes of runs fill"), {
            // Each row ends at once: what it does not name is the first colour.
            let rows = [[0, 0].repeat(9_999), vec![0, 1]].concat();
            Bmp { width: 10_900, height: 10_000, bits: 8, coding: 1, pixels_at: 1078, ..PLAIN }
                .of(&[palette, rows].concat())
        }),
    ]
}
