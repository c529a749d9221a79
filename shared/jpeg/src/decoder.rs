//! The way from a source to rows of pixels.

use std::io::Read;

use crate::application::ComponentColors;
use crate::entropy::Damage;
use crate::error::Error;
use crate::feed::Feed;
use crate::frame::{Component, Frame, Process};
use crate::header::Header;
use crate::layout::Layout;
use crate::options::{Options, Scale};
use crate::output::Output;
use crate::processor::Processor;
use crate::progression::check_progression;
use crate::progressive::ProgressivePicture;
use crate::scan::{Scan, read_all};
use crate::segment::{Segment, Span, marker};
use crate::sequential::SequentialScan;

/// The channels of decoded pixels, interleaved, 8 bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// One: luminance.
    Gray,
    /// Three: red, green, blue.
    Rgb,
    /// Four: cyan, magenta, yellow, black; 255 is full ink, however the source stores it.
    Cmyk,
}

impl Channels {
    /// How many bytes a pixel has.
    pub const fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }
}

/// How many samples a component has at some scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlaneSize {
    /// Samples in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// How much of it the picture covers, in samples across and down: the last column and row are rounded up to whole ones.
    pub extent: (f64, f64),
}

/// What came of decoding.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The width in pixels; of planes, that of the stored picture.
    pub width: u32,
    /// How many rows there were; of planes, those of the stored picture.
    pub height: u32,
    /// How many of the MCUs of all scans (T.81 A.2) could not be decoded. Always 0 unless [`Options::lenient`].
    pub missing_units: u64,
    /// How many there should be.
    pub units: u64,
    /// The first thing that was wrong with the data, where leniency went on all the same.
    pub fault: Option<Error>,
}

/// What becomes of a row of MCUs whose samples are there. Not generic: all of decoding would be compiled once for each.
type Finish<'f, E> = &'f mut dyn FnMut(&mut Output, usize) -> Result<(), E>;

/// A JPEG whose header is read.
#[derive(Clone, Debug)]
pub struct Decoder<'a> {
    source: &'a [u8],
    header: Header<'a>,
    options: Options,
    pub(crate) processor: Processor,
}

impl<'a> Decoder<'a> {
    /// Reads the header of a JPEG, strictly and with the usual limits.
    pub fn new(source: &'a [u8]) -> Result<Self, Error> {
        Self::with_options(source, Options::default())
    }

    /// Reads the header of a JPEG.
    pub fn with_options(source: &'a [u8], options: Options) -> Result<Self, Error> {
        let header = Header::read(source, &options)?;
        Ok(Self { source, header, options, processor: Processor::detect() })
    }

    /// Does without what only some processors have: for tests, and to find out what it is worth.
    #[must_use]
    pub fn portably(mut self) -> Self {
        self.processor = Processor::Portable;
        self
    }

    /// Width and height of the stored picture, in pixels.
    pub fn size(&self) -> (u32, u32) {
        self.scaled_size(Scale::FULL)
    }

    /// Width and height of the picture at a scale, in pixels.
    pub fn scaled_size(&self, scale: Scale) -> (u32, u32) {
        let side = |side: usize| scale.of(u32::try_from(side).unwrap_or(u32::MAX));
        (side(self.header.frame.width), side(self.header.frame.height))
    }

    /// What pixels are decoded to.
    pub fn channels(&self) -> Channels {
        match self.colors() {
            ComponentColors::Gray => Channels::Gray,
            ComponentColors::YCbCr | ComponentColors::Rgb => Channels::Rgb,
            ComponentColors::Cmyk | ComponentColors::Ycck => Channels::Cmyk,
        }
    }

    /// What the components are, before they are made pixels of: what [`Decoder::decode_planes`] gives.
    pub fn colors(&self) -> ComponentColors {
        self.header.application.colors(&self.header.frame.components)
    }

    /// How large a component is at a scale of its own. `None` if there is no such component.
    pub fn plane_size(&self, component: usize, scale: Scale) -> Option<PlaneSize> {
        let frame = &self.header.frame;
        let Component { across, down, .. } = frame.components.get(component)?;
        let extent = |side: usize, factor: usize, most: usize| {
            (side * factor * scale.get()) as f64 / (most * 8) as f64
        };
        let layout = Layout::of_planes(frame, |_| scale);
        let of_component = layout.components.get(component)?;
        Some(PlaneSize {
            width: u32::try_from(of_component.width).unwrap_or(u32::MAX),
            height: u32::try_from(of_component.height).unwrap_or(u32::MAX),
            extent: (
                extent(frame.width, *across, frame.most_across),
                extent(frame.height, *down, frame.most_down),
            ),
        })
    }

    /// Whether the picture is coded progressively: then all of its scans are decoded at once, side by side.
    pub fn is_progressive(&self) -> bool {
        self.header.frame.process == Process::Progressive
    }

    /// Whether [`Decoder::decode_on`] holds no more than pieces of what it reads: if the picture is sequential, and one scan.
    pub fn decodes_in_pieces(&self) -> bool {
        let is_sequential = self.header.frame.process == Process::Sequential;
        is_sequential && !self.options.lenient && matches!(self.only_scan(), Ok(Some(_)))
    }

    /// The ICC profile, if there is one and all its pieces are there.
    pub fn profile(&self) -> Option<Vec<u8>> {
        self.header.application.profile()
    }

    /// How many bytes decoding holds at most at one time, besides the source and this decoder: a row of MCUs, and what it
    /// takes to decode it. For a progressive picture that is the coefficients of this row (or of some more where it is short)
    /// that the scale needs, 2 bytes for each, and 8 bytes for each block; and 32 KB for each scan that it may have, by
    /// [`Options::max_scans`] and the length of the source: those of encoders have about ten.
    pub fn working_bytes(&self, scale: Scale) -> u64 {
        self.bytes_of(&Layout::new(&self.header.frame, scale))
    }

    /// The same for [`Decoder::decode_planes`].
    pub fn working_bytes_of_planes(&self, scale_of: impl Fn(usize) -> Scale) -> u64 {
        self.bytes_of(&Layout::of_planes(&self.header.frame, scale_of))
    }

    fn bytes_of(&self, layout: &Layout) -> u64 {
        /// Tables and buffers of scans, of which sequential pictures have up to four at once.
        const OTHERS: u64 = 1 << 20;
        let held =
            if self.is_progressive() { crate::progressive::bytes(layout, self.most_scans()) } else { 0 };
        Output::bytes(layout) as u64 + held + OTHERS
    }

    /// Decodes the picture, and hands it to `sink` from top to bottom: each time some whole rows, without padding.
    ///
    /// An error of the sink ends decoding, and is returned. Rows may have been handed out before an error is found.
    pub fn decode<E: From<Error>>(
        &self,
        scale: Scale,
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<Decoded, E> {
        let layout = Layout::new(&self.header.frame, scale);
        self.decode_to(layout, self.scaled_size(scale), None, &mut |output, mcu_row| {
            sink(output.make_rows(mcu_row))
        })
    }

    /// The same for a picture of which this decoder was given the front alone: at least everything up to the data of the first
    /// scan. What follows is read from `rest`, up to the end of the picture, or a little further.
    ///
    /// No more than a piece is held at a time, of 64 KB or of what is looked through for a marker that is missing, unless
    /// everything is needed: see [`Decoder::decodes_in_pieces`]. Where `rest` can't be read, [`Error::Unreadable`].
    pub fn decode_on<E: From<Error>>(
        &self,
        scale: Scale,
        rest: &mut dyn Read,
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<Decoded, E> {
        let layout = Layout::new(&self.header.frame, scale);
        self.decode_to(layout, self.scaled_size(scale), Some(rest), &mut |output, mcu_row| {
            sink(output.make_rows(mcu_row))
        })
    }

    /// Decodes the components as they are, each at a scale of its own, and hands them to `sink` row by row, with the number of
    /// the component: what is above comes before what is below, but rows of different components in no other order.
    ///
    /// For who does not need pixels, but to go on in the same colours: nothing is brought to one size and nothing converted.
    /// Numbers are as stored, also of inks that are stored inverted.
    pub fn decode_planes<E: From<Error>>(
        &self,
        scale_of: impl Fn(usize) -> Scale,
        mut sink: impl FnMut(usize, &[u8]) -> Result<(), E>,
    ) -> Result<Decoded, E> {
        let layout = Layout::of_planes(&self.header.frame, scale_of);
        self.decode_to(layout, self.size(), None, &mut |output, mcu_row| output.hand_on(mcu_row, &mut sink))
    }

    /// The same for a picture of which this decoder was given the front alone, as by [`Decoder::decode_on`].
    pub fn decode_planes_on<E: From<Error>>(
        &self,
        scale_of: impl Fn(usize) -> Scale,
        rest: &mut dyn Read,
        mut sink: impl FnMut(usize, &[u8]) -> Result<(), E>,
    ) -> Result<Decoded, E> {
        let layout = Layout::of_planes(&self.header.frame, scale_of);
        self.decode_to(layout, self.size(), Some(rest), &mut |output, mcu_row| {
            output.hand_on(mcu_row, &mut sink)
        })
    }

    /// Decodes all there is; of each row of MCUs, `finish` makes what it wants.
    fn decode_to<E: From<Error>>(
        &self,
        layout: Layout,
        (width, height): (u32, u32),
        rest: Option<&mut dyn Read>,
        finish: Finish<'_, E>,
    ) -> Result<Decoded, E> {
        let mut rest = rest;
        if let Some(rest) = rest.take_if(|_| !self.decodes_in_pieces()) {
            let mut all = self.source.to_vec();
            let read = rest.read_to_end(&mut all);
            read.map_err(|error| Error::Unreadable { position: all.len(), reason: error.to_string() })?;
            let whole = Decoder { source: &all, ..self.clone() };
            return whole.decode_to(layout, (width, height), None, finish);
        }
        let is_adobe = self.header.application.is_adobe();
        let mut output = Output::new(layout, self.colors(), is_adobe, self.processor);
        let damage = match self.header.frame.process {
            Process::Sequential => self.decode_sequential(rest, &mut output, finish)?,
            Process::Progressive => self.decode_progressive(&mut output, finish)?,
        };
        let Damage { missing, total, fault } = damage;
        Ok(Decoded { width, height, missing_units: missing, units: total, fault })
    }

    /// How many scans there can be.
    fn most_scans(&self) -> usize {
        /// A scan has a header for one component.
        const MIN_SCAN_BYTES: usize = 10;
        self.options.max_scans.min(self.source.len() / MIN_SCAN_BYTES)
    }

    /// The first scan of a sequential picture, if it has all of its components.
    fn only_scan(&self) -> Result<Option<Scan>, Error> {
        let Header { frame, tables, first_scan, .. } = &self.header;
        let first = Scan::read(&Segment::after(self.source, *first_scan)?, frame, tables)?;
        Ok((first.parts.len() == frame.components.len()).then_some(first))
    }

    fn decode_sequential<E: From<Error>>(
        &self,
        mut rest: Option<&mut dyn Read>,
        output: &mut Output,
        finish: Finish<'_, E>,
    ) -> Result<Damage, E> {
        let (list, mut damage) = self.sequential_scans()?;
        let mut scans = Vec::new();
        for scan in &list {
            let Output { layout, planes, .. } = &*output;
            let frame = &self.header.frame;
            let feed = match rest.take() {
                None => Feed::of(self.source),
                Some(rest) => Feed::with_rest(self.source, rest),
            };
            scans.push(SequentialScan::new(feed, scan, frame, layout, planes, self.options.lenient)?);
        }
        for mcu_row in 0..output.layout.mcus_high {
            for scan in &mut scans {
                scan.decode_band(self.processor, &mut output.planes)?;
            }
            finish(output, mcu_row)?;
        }
        for scan in scans {
            let (of_scan, mut feed, position) = scan.finish()?;
            damage.add(of_scan);
            if list.len() == 1 {
                self.note(&mut damage, find_end(&mut feed, position).err())?;
            }
        }
        Ok(damage)
    }

    /// The scans of a sequential picture, together one of each component. Where there is one only, as there mostly is, what
    /// comes after it is not looked at yet.
    fn sequential_scans(&self) -> Result<(Vec<Scan>, Damage), Error> {
        let mut damage = Damage::default();
        if let Some(scan) = self.only_scan()? {
            return Ok((vec![scan], damage));
        }
        let Header { frame, tables, first_scan, .. } = &self.header;
        let scans = read_all(self.source, *first_scan, frame, tables.clone(), self.options.max_scans)?;
        let mut list: Vec<Scan> = Vec::new();
        let mut fault = scans.fault;
        for scan in scans.list {
            let is_again = |scan: &Scan| {
                let is_there = |component| {
                    list.iter().flat_map(|scan| &scan.parts).any(|part| part.component == component)
                };
                scan.parts.iter().any(|part| is_there(part.component))
            };
            if is_again(&scan) {
                let rule = "a component has two sequential scans";
                fault = fault.or(Some(Error::Corrupt { position: scan.position, rule }));
            } else {
                list.push(scan);
            }
        }
        self.note(&mut damage, fault)?;
        if list.iter().map(|scan| scan.parts.len()).sum::<usize>() < frame.components.len() {
            let rule = "a component has no scan";
            self.note(&mut damage, Some(Error::Corrupt { position: self.source.len(), rule }))?;
        }
        Ok((list, damage))
    }

    fn decode_progressive<E: From<Error>>(
        &self,
        output: &mut Output,
        finish: Finish<'_, E>,
    ) -> Result<Damage, E> {
        let Header { frame, tables, first_scan, .. } = &self.header;
        let mut scans = read_all(self.source, *first_scan, frame, tables.clone(), self.options.max_scans)?;
        let mut damage = Damage::default();
        self.note(&mut damage, scans.fault)?;
        let fault = check_progression(&mut scans.list, frame);
        self.note(&mut damage, fault)?;
        let lenient = self.options.lenient;
        let mut picture = ProgressivePicture::new(self.source, frame, &output.layout, &scans.list, lenient)?;
        for mcu_row in 0..output.layout.mcus_high {
            picture.decode_band(mcu_row, self.processor, &mut output.planes)?;
            finish(output, mcu_row)?;
        }
        damage.add(picture.finish()?);
        Ok(damage)
    }

    /// Strictly, what is wrong is an error.
    fn note(&self, damage: &mut Damage, fault: Option<Error>) -> Result<(), Error> {
        match fault {
            Some(fault) if !self.options.lenient => Err(fault),
            fault => {
                damage.fault = damage.fault.take().or(fault);
                Ok(())
            }
        }
    }
}

/// Sees to it that the picture ends with EOI, and has no scans before it.
fn find_end(feed: &mut Feed<'_>, from: usize) -> Result<(), Error> {
    let mut at = from;
    loop {
        let segment = Span::after(feed, at)?;
        at = segment.end;
        match segment.code {
            marker::EOI => return Ok(()),
            marker::SOS => return Err(segment.corrupt("a component has two sequential scans")),
            code if code == marker::SOI || Frame::begins_at(code) => {
                return Err(segment.corrupt("a picture begins within another one"));
            }
            _ => {}
        }
    }
}
