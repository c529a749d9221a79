//! AVIF: cells decoded one row of them at a time, shrunk while they are converted, pushed as rows.
//!
//! AV1 cannot be decoded in a smaller size, but all that follows can be done in one: where the thumbnails allow it, 2 by 2
//! pixels or more are averaged before they become red, green and blue. Chroma of half the size then needs no stretching,
//! and the resizer gets a quarter of the pixels or less.
//!
//! Film grain is laid over pictures that keep their size, as the specification has it; where pixels are averaged it is
//! left out, since averages are what takes grain away. 10 and 12 bits go out as 16 at full size, and as 8 where they are
//! averaged or HDR is mapped to sRGB.

mod av1;
mod light;
mod lines;
mod matrix;

use av1::Planes;
use light::ToneMap;
use lines::{Band, Lines};
use matrix::{Matrix, byte};

use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::rows::{Depth, Frame, Samples, Sink};
use crate::source::avif::{self, Coding, Image, Picture};

/// Rows that are pushed at once.
const ROWS_AT_ONCE: u32 = 16;
/// What the AV1 decoder holds whatever the picture: tables, and buffers for the filters.
const DECODER_BYTES: u64 = 4 << 20;
/// What it holds of each pixel besides the planes, in 64ths of a byte: modes, motion vectors, filter levels.
const DECODER_SHARE: u64 = 56;

/// Decodes a picture that is known to be all there.
pub(super) fn decode(
    source: &[u8],
    header: &Header,
    at_least: Size,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let picture = avif::read_picture(source)?;
    if picture.window.size != header.stored {
        return Err(corrupt(format!(
            "a picture of {} and a header of {}",
            picture.window.size, header.stored
        )));
    }
    let factor = factor(&picture, at_least);
    let size = shrunk(picture.window.size, factor);
    let output = Output::new(&picture, factor)?;
    let extent = |side: u32| f64::from(side) / f64::from(factor);
    sink.begin(Frame {
        size,
        extent: (extent(picture.window.size.width), extent(picture.window.size.height)),
        samples: output.samples,
        depth: output.depth,
        profile: output.profile(&picture),
    })?;
    let mut rows = Rows { output, lines: Lines::default(), buffers: Default::default(), pushed: 0, size };
    for band in 0..picture.color.bands() {
        let color = decode_band(&picture.color, band, factor)?;
        let alpha = picture.alpha.as_ref().map(|alpha| decode_band(alpha, band, factor)).transpose()?;
        rows.push(&picture, band * picture.color.cell.height, factor, &color, alpha.as_ref(), sink)?;
    }
    Ok(())
}

/// Bytes that decoding holds at most: the planes of a row of cells, and what the decoder holds for one of them.
pub(super) fn working_bytes(source: &[u8], at_least: Size) -> u64 {
    let Ok(picture) = avif::read_picture(source) else { return 0 };
    let factor = factor(&picture, at_least);
    let of = |image: &Image<'_>| {
        let whole = |side: u32| u64::from(side).next_multiple_of(128);
        let cell = whole(image.cell.width) * whole(image.cell.height);
        let samples = match (image.sequence.monochrome, image.sequence.subsampled) {
            (true, _) => 2,
            (false, (true, true)) => 3,
            (false, (true, false)) => 4,
            (false, _) => 6,
        };
        let planes = cell * samples / 2 * if image.sequence.bits > 8 { 2 } else { 1 };
        let grain = if image.sequence.film_grain && factor == 1 { planes } else { 0 };
        let data = image.cells.iter().map(avif::Cell::bytes).max().unwrap_or_default() as u64;
        (planes * u64::from(image.columns), cell * DECODER_SHARE / 64 + grain + data)
    };
    let (planes, decoder) = of(&picture.color);
    let (alpha_planes, alpha_decoder) = picture.alpha.as_ref().map_or((0, 0), of);
    let rows = u64::from(picture.color.size.width) * (u64::from(ROWS_AT_ONCE) * 8 + 32);
    DECODER_BYTES + planes + alpha_planes + decoder.max(alpha_decoder) + rows
}

fn corrupt(detail: String) -> Error {
    Error::Corrupt { format: SourceFormat::Avif, detail }
}

/// How many pixels become one, in each direction: so many that a thumbnail's pixel is made of at least two averages each way,
/// as from every other format. Of one and a half, photographs of 12 million pixels lose 0.0015 of SSIM at 1280 across.
/// Averages of transparent pixels would mix in colours that nobody sees, a window may begin between two blocks, and so may a
/// cell.
fn factor(picture: &Picture<'_>, at_least: Size) -> u32 {
    let color = &picture.color;
    if picture.alpha.is_some() || picture.window.size != color.size {
        return 1;
    }
    // What is of use to the resizer is one and a half times the largest thumbnail.
    let of_use = |side: u32| side + side / 3;
    let at_least = Size::new(of_use(at_least.width), of_use(at_least.height));
    let serves = |factor: u32| {
        let size = shrunk(color.size, factor);
        let single = color.cells.len() == 1;
        let whole = color.cell.width.is_multiple_of(factor) && color.cell.height.is_multiple_of(factor);
        size.width >= at_least.width && size.height >= at_least.height && (single || whole)
    };
    [8, 4, 2].into_iter().find(|factor| serves(*factor)).unwrap_or(1)
}

fn shrunk(size: Size, factor: u32) -> Size {
    Size::new(size.width.div_ceil(factor), size.height.div_ceil(factor))
}

fn decode_band(image: &Image<'_>, band: u32, factor: u32) -> Result<Band, Error> {
    let (columns, sequence) = (image.columns as usize, image.sequence);
    let first = band as usize * columns;
    let cells = image.cells.get(first..first + columns).unwrap_or_default();
    let odd = |side: u32, halved: bool| halved && side % 2 == 1;
    let (across, down) =
        (odd(image.cell.width, sequence.subsampled.0), odd(image.cell.height, sequence.subsampled.1));
    if image.cells.len() > 1 && !sequence.monochrome && (across || down) {
        // MIAF, 7.3.11.4.2.
        return Err(corrupt(format!(
            "a grid of cells of {} pixels whose chroma has half of that",
            image.cell
        )));
    }
    let decode = |cell| av1::decode(cell, image.cell, &sequence, factor == 1);
    let cells: Vec<Planes> = cells.iter().map(decode).collect::<Result<_, _>>()?;
    let rows = image.cell.height.min(image.size.height - band * image.cell.height);
    Ok(Band { cells, rows, bits: sequence.bits, subsampled: sequence.subsampled })
}

/// What pixels become.
struct Output {
    samples: Samples,
    depth: Depth,
    matrix: Matrix,
    /// Of alpha, which is on a scale of its own.
    alpha: Option<Matrix>,
    tone_map: Option<ToneMap>,
    monochrome: bool,
    premultiplied: bool,
}

impl Output {
    fn new(picture: &Picture<'_>, factor: u32) -> Result<Self, Error> {
        let sequence = picture.color.sequence;
        // Profiles say what light is meant themselves.
        let tone_map = if picture.profile.is_none() { ToneMap::new(picture.coding) } else { None };
        let wide = sequence.bits > 8 && factor == 1 && tone_map.is_none();
        let coding =
            if sequence.monochrome { Coding { matrix: 1, ..picture.coding } } else { picture.coding };
        let matrix = Matrix::new(coding, sequence.bits, wide || tone_map.is_some())?;
        if matrix.is_identity() && sequence.subsampled != (false, false) {
            return Err(corrupt("green, blue and red of several sizes".into()));
        }
        let alpha = picture.alpha.as_ref().map(|alpha| {
            let coding = Coding { matrix: 1, ..alpha.sequence.coding };
            Matrix::new(coding, alpha.sequence.bits, wide)
        });
        Ok(Self {
            samples: match (alpha.is_some(), sequence.monochrome) {
                (true, _) => Samples::Rgba,
                (false, true) if tone_map.is_none() => Samples::Gray,
                (false, _) => Samples::Rgb,
            },
            depth: if wide { Depth::Sixteen } else { Depth::Eight },
            matrix,
            alpha: alpha.transpose()?,
            tone_map,
            monochrome: sequence.monochrome,
            premultiplied: picture.premultiplied,
        })
    }

    /// The profile of the file, or one of what its numbers say.
    fn profile(&self, picture: &Picture<'_>) -> Option<Vec<u8>> {
        match (picture.profile, &self.tone_map) {
            (Some(profile), _) => Some(profile.to_vec()),
            (None, Some(_)) => None,
            (None, None) => light::profile(picture.coding),
        }
    }

    /// Bytes of a pixel.
    fn pixel_bytes(&self) -> usize {
        self.samples.count() * self.depth.bytes()
    }

    /// Converts one line, and appends it to `pixels`.
    fn convert(&self, lines: &[Vec<u16>; 4], (x, width): (usize, usize), pixels: &mut Vec<u8>) {
        let [luma, u, v, alpha_line] = lines.each_ref().map(|line| line.get(x..).unwrap_or_default());
        let begin = pixels.len();
        let usual = self.samples == Samples::Rgb && self.depth == Depth::Eight && self.tone_map.is_none();
        if usual && !self.monochrome {
            pixels.resize(begin + width * 3, 0);
            if let Some(row) = pixels.get_mut(begin..) {
                self.matrix.colors(luma, u, v, row);
            }
            return;
        }
        for (index, y) in luma.iter().take(width).enumerate() {
            let at = |line: &[u16]| line.get(index).copied().unwrap_or_default();
            let gray = || [self.matrix.gray(*y); 3];
            let color = if self.monochrome { gray() } else { self.matrix.color(*y, at(u), at(v)) };
            let color = match &self.tone_map {
                Some(tone_map) => tone_map.map(color).map(i32::from),
                None => color,
            };
            match &self.alpha {
                Some(alpha) => {
                    let alpha = alpha.gray(at(alpha_line));
                    let [red, green, blue] =
                        if self.premultiplied { self.divided(color, alpha) } else { color };
                    self.write(&[red, green, blue, alpha], pixels);
                }
                None if self.samples == Samples::Gray => self.write(&color[..1], pixels),
                None => self.write(&color, pixels),
            }
        }
    }

    /// Undoes a multiplication by alpha. Where nothing shows, no colour is left.
    fn divided(&self, color: [i32; 3], alpha: i32) -> [i32; 3] {
        let most = if self.depth == Depth::Sixteen { i64::from(u16::MAX) } else { 255 };
        color.map(|sample| {
            let divided = (i64::from(sample) * most + i64::from(alpha / 2)) / i64::from(alpha.max(1));
            i32::try_from(divided.min(most)).unwrap_or_default()
        })
    }

    fn write(&self, samples: &[i32], pixels: &mut Vec<u8>) {
        match self.depth {
            Depth::Eight => pixels.extend(samples.iter().map(|sample| byte(*sample))),
            Depth::Sixteen => {
                let wide = |sample: &i32| u16::try_from(*sample).unwrap_or_default().to_ne_bytes();
                pixels.extend(samples.iter().flat_map(wide));
            }
        }
    }
}

/// Makes rows of bands and pushes them.
struct Rows {
    output: Output,
    lines: Lines,
    /// Of Y, U, V and alpha.
    buffers: [Vec<u16>; 4],
    pushed: u32,
    size: Size,
}

impl Rows {
    /// Pushes the rows of a band that begins at row `top` of the picture.
    fn push(
        &mut self,
        picture: &Picture<'_>,
        top: u32,
        factor: u32,
        color: &Band,
        alpha: Option<&Band>,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let (x, width) = (picture.window.x as usize, self.size.width as usize);
        let row_bytes = width * self.output.pixel_bytes();
        let mut pixels = Vec::with_capacity(row_bytes * ROWS_AT_ONCE as usize);
        for y in 0..color.rows.div_ceil(factor) {
            if top + y < picture.window.y || self.pushed == self.size.height {
                continue;
            }
            let planes = if self.output.monochrome { 1 } else { 3 };
            for (plane, line) in self.buffers.iter_mut().enumerate().take(planes) {
                self.lines.make(color, plane, factor, y, line);
            }
            if let (Some(alpha), [.., line]) = (alpha, &mut self.buffers) {
                self.lines.make(alpha, 0, factor, y, line);
            }
            self.output.convert(&self.buffers, (x, width), &mut pixels);
            self.pushed += 1;
            if pixels.len() >= row_bytes * ROWS_AT_ONCE as usize {
                sink.push(&pixels)?;
                pixels.clear();
            }
        }
        if pixels.is_empty() { Ok(()) } else { sink.push(&pixels) }
    }
}
