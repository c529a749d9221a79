//! What the numbers of a TIFF's pixels mean, turned into the few kinds of rows that the engine knows.

// Floats are clamped before they are cast.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use crate::error::Error;
use crate::rows::{Depth, Samples, Sink};
use crate::source::tiff::{Alpha, Kind, Layout, Meaning};

/// How rows of numbers become rows of pixels.
pub(super) struct Numbers<'a> {
    layout: &'a Layout<'a>,
    depth: Depth,
    /// The most that a number can be, once it is read.
    most: u32,
}

impl<'a> Numbers<'a> {
    pub(super) fn new(layout: &'a Layout<'a>) -> Self {
        // What is told more finely than in 16 bits is told in 16.
        let (depth, most) = if layout.bits > 8 { (Depth::Sixteen, 65_535) } else { (Depth::Eight, 255) };
        Self { layout, depth, most }
    }

    /// What the rows become.
    pub(super) fn shown(&self) -> (Samples, Depth) {
        let samples = match (&self.layout.meaning, self.layout.alpha) {
            (Meaning::WhiteIsZero | Meaning::BlackIsZero, Alpha::None) => Samples::Gray,
            (Meaning::Cmyk, _) => Samples::Cmyk,
            (_, Alpha::None) => Samples::Rgb,
            _ => Samples::Rgba,
        };
        (samples, self.depth)
    }

    /// Whether rows are shown as they are.
    fn is_plain(&self) -> bool {
        let layout = self.layout;
        let has_right_samples = layout.samples == self.shown().0.count();
        let is_direct = matches!(layout.meaning, Meaning::BlackIsZero | Meaning::Rgb | Meaning::Cmyk);
        let has_right_depth = layout.kind == Kind::Whole && matches!(layout.bits, 8 | 16);
        is_direct
            && has_right_samples
            && has_right_depth
            && !layout.is_planar
            && layout.alpha != Alpha::Multiplied
    }

    /// Reads a row of numbers, each scaled to `most`, unless they are places in a palette.
    fn read(&self, row: &[u8], numbers: &mut Vec<u32>) {
        let scales = !matches!(self.layout.meaning, Meaning::Palette(_));
        match (self.layout.kind, self.layout.bits) {
            (Kind::Whole, bits @ (1 | 2 | 4)) => {
                let scale = if scales { 255 / ((1 << bits) - 1) } else { 1 };
                let mask = u8::MAX >> (8 - bits);
                numbers.extend(row.iter().flat_map(|byte| {
                    let shifts = (0..8 / bits).map(move |place| 8 - bits * (place + 1));
                    shifts.map(move |shift| u32::from((byte >> shift) & mask) * scale)
                }));
            }
            (Kind::Whole, 16) => {
                let values = row.as_chunks().0.iter().copied().map(u16::from_ne_bytes);
                numbers.extend(values.map(u32::from));
            }
            (Kind::Whole, 32) => {
                let values = row.as_chunks().0.iter().copied().map(u32::from_ne_bytes);
                numbers.extend(values.map(|value| value >> 16));
            }
            (Kind::Whole, _) => numbers.extend(row.iter().copied().map(u32::from)),
            (Kind::Float, 64) => {
                let values = row.as_chunks().0.iter().copied().map(f64::from_ne_bytes);
                numbers.extend(values.map(|value| (value.clamp(0.0, 1.0) * 65_535.0 + 0.5) as u32));
            }
            (Kind::Float, _) => {
                let values = row.as_chunks().0.iter().copied().map(f32::from_ne_bytes);
                numbers.extend(values.map(|value| (value.clamp(0.0, 1.0) * 65_535.0 + 0.5) as u32));
            }
        }
    }

    /// What a pixel's numbers are, as colours and alpha.
    fn show(&self, pixel: &[u32]) -> [u32; 4] {
        let at = |index: usize| pixel.get(index).copied().unwrap_or_default();
        let [r, g, b] = match &self.layout.meaning {
            Meaning::BlackIsZero => [at(0); 3],
            Meaning::WhiteIsZero => [self.most - at(0).min(self.most); 3],
            Meaning::Rgb => [at(0), at(1), at(2)],
            Meaning::Palette(colors) => {
                colors.get(at(0) as usize).copied().unwrap_or_default().map(u32::from)
            }
            Meaning::YCbCr => self.light([at(0), at(1), at(2)]),
            Meaning::Cmyk => return [at(0), at(1), at(2), at(3)],
        };
        let alpha = at(self.layout.meaning.count());
        match self.layout.alpha {
            Alpha::Multiplied => {
                let divide = |color: u32| {
                    let divided = u64::from(color) * u64::from(self.most) + u64::from(alpha / 2);
                    divided.checked_div(alpha.into()).map_or(0, |color| color.min(self.most.into()) as u32)
                };
                [divide(r), divide(g), divide(b), alpha]
            }
            _ => [r, g, b, alpha],
        }
    }

    /// Red, green and blue of brightness and colour differences, as JPEG has them too (ITU-R BT.601; TIFF 6.0, section 21).
    fn light(&self, [y, cb, cr]: [u32; 3]) -> [u32; 3] {
        let most = f64::from(self.most);
        let middle = f64::midpoint(most, 1.0);
        let (y, cb, cr) = (f64::from(y), f64::from(cb) - middle, f64::from(cr) - middle);
        [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb]
            .map(|light| (light + 0.5).clamp(0.0, most) as u32)
    }
}

/// Turns rows of numbers into pixels and hands them on.
pub(super) struct Shown<'a> {
    numbers: Numbers<'a>,
    is_plain: bool,
    sink: &'a mut dyn Sink,
    /// The numbers of a row, plane after plane.
    read: Vec<u32>,
    pixel: Vec<u32>,
    pixels: Vec<u8>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(numbers: Numbers<'a>, sink: &'a mut dyn Sink) -> Self {
        let is_plain = numbers.is_plain();
        Self { numbers, is_plain, sink, read: Vec::new(), pixel: Vec::new(), pixels: Vec::new() }
    }

    /// Takes a row: of all numbers, or one of each plane.
    pub(super) fn push(&mut self, planes: &[&[u8]]) -> Result<(), Error> {
        if let ([row], true) = (planes, self.is_plain) {
            return self.sink.push(row);
        }
        let width = self.numbers.layout.size.width as usize;
        self.read.clear();
        for plane in planes {
            let begin = self.read.len();
            self.numbers.read(plane, &mut self.read);
            // The last byte of a row may hold bits of no pixel.
            self.read.truncate(begin + width * self.numbers.layout.samples / planes.len());
        }
        let (samples, depth) = self.numbers.shown();
        self.pixels.clear();
        for x in 0..width {
            self.pixel.clear();
            let in_plane = self.numbers.layout.samples / planes.len();
            for plane in 0..planes.len() {
                let begin = (plane * width + x) * in_plane;
                self.pixel.extend(self.read.get(begin..begin + in_plane).unwrap_or_default());
            }
            let shown = self.numbers.show(&self.pixel);
            for value in &shown[..samples.count()] {
                match depth {
                    Depth::Eight => self.pixels.push(*value as u8),
                    Depth::Sixteen => self.pixels.extend((*value as u16).to_ne_bytes()),
                }
            }
        }
        self.sink.push(&self.pixels)
    }
}
