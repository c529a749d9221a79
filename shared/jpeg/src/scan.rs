//! The scan header (T.81 B.2.3), and the list of all scans of a picture that has several.

use crate::error::Error;
use crate::frame::{Frame, Process};
use crate::segment::{Segment, end_of_scan, marker};
use crate::tables::Tables;

/// One component's part in a scan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// Which component of the frame.
    pub(crate) component: usize,
    /// Which Huffman tables it uses.
    pub(crate) dc: usize,
    pub(crate) ac: usize,
}

/// What a scan header says, with the tables in force where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    pub(crate) parts: Vec<Part>,
    /// The first and the last coefficient, in zigzag order: Ss and Se.
    pub(crate) first: usize,
    pub(crate) last: usize,
    /// Successive approximation: how many low bits the previous scan of these coefficients left out (Ah, 0 if there was
    /// none), and how many this one does (Al).
    pub(crate) high: u8,
    pub(crate) low: u8,
    pub(crate) tables: Tables,
    /// Where the marker is.
    pub(crate) position: usize,
    /// Where the entropy-coded data begin.
    pub(crate) data: usize,
}

impl Scan {
    /// Whether this is a scan of bits that an earlier one left out.
    pub(crate) fn is_refinement(&self) -> bool {
        self.high != 0
    }

    /// A set of coefficients, a bit for each in zigzag order: those of this scan.
    pub(crate) fn band(&self) -> u64 {
        (u64::MAX >> (63 - self.last)) & (u64::MAX << self.first)
    }

    /// Reads a scan header.
    pub(crate) fn read(segment: &Segment<'_>, frame: &Frame, tables: &Tables) -> Result<Self, Error> {
        let mut parameters = segment.parameters();
        let count = parameters.byte()?;
        if !(1..=4).contains(&count) {
            return Err(segment.corrupt("a scan has one to four components"));
        }
        let mut parts: Vec<Part> = Vec::new();
        for _ in 0..count {
            let id = parameters.byte()?;
            let (dc, ac) = parameters.nibbles()?;
            if dc > 3 || ac > 3 {
                return Err(segment.corrupt("there are four destinations for Huffman tables"));
            }
            // Two components may bear one name; then the second one is meant when the first is taken, as in libjpeg.
            let is_taken = |index: usize| parts.iter().any(|part| part.component == index);
            let named = |(index, component): (usize, &crate::frame::Component)| {
                (component.id == id && !is_taken(index)).then_some(index)
            };
            let Some(component) = frame.components.iter().enumerate().find_map(named) else {
                return Err(segment.corrupt("a scan names a component that the frame has not, or twice"));
            };
            parts.push(Part { component, dc: dc.into(), ac: ac.into() });
        }
        let (first, last) = (usize::from(parameters.byte()?), usize::from(parameters.byte()?));
        let (high, low) = parameters.nibbles()?;
        let mut scan = Self {
            parts,
            first,
            last,
            high,
            low,
            tables: tables.clone(),
            position: segment.position,
            data: segment.end,
        };
        match frame.process {
            // What a sequential scan says of its band is of no consequence, and some encoders write nonsense.
            Process::Sequential => (scan.first, scan.last, scan.high, scan.low) = (0, 63, 0, 0),
            Process::Progressive => scan.check_band(segment)?,
        }
        Ok(scan)
    }

    /// T.81 G.1.1.1: DC coefficients by themselves, AC coefficients of one component at a time, a bit at a time.
    fn check_band(&self, segment: &Segment<'_>) -> Result<(), Error> {
        let is_band = match self.first {
            0 => self.last == 0,
            1..64 => (self.first..64).contains(&self.last) && self.parts.len() == 1,
            _ => false,
        };
        if !is_band {
            return Err(segment.corrupt("a progressive scan has DC alone, or a band of one component's AC"));
        }
        if self.low > 13 || (self.high != 0 && self.high != self.low + 1) {
            return Err(segment.corrupt("a progressive scan refines by one bit, of at most 13"));
        }
        Ok(())
    }
}

/// A table that a scan uses, which must be defined by then.
pub(crate) fn defined<'t, T: ?Sized>(scan: &Scan, table: Option<&'t T>) -> Result<&'t T, Error> {
    table.ok_or(Error::Corrupt { position: scan.position, rule: "a scan uses a table that is not defined" })
}

/// All scans of a picture.
pub(crate) struct Scans {
    pub(crate) list: Vec<Scan>,
    /// What is wrong after the last of them: strictly, an end without EOI is.
    pub(crate) fault: Option<Error>,
}

/// Reads the headers of all scans, from the segment at `from` on, skipping their data.
pub(crate) fn read_all(
    source: &[u8],
    from: usize,
    frame: &Frame,
    mut tables: Tables,
    max_scans: usize,
) -> Result<Scans, Error> {
    let mut list = Vec::new();
    let mut at = from;
    let fault = loop {
        let segment = match Segment::after(source, at) {
            Ok(segment) => segment,
            Err(fault) => break Some(fault),
        };
        at = segment.end;
        let read = match segment.code {
            marker::EOI => break None,
            marker::SOS => Scan::read(&segment, frame, &tables).map(|scan| {
                list.push(scan);
                at = end_of_scan(source, at);
            }),
            code if code == marker::SOI || Frame::begins_at(code) => {
                Err(segment.corrupt("a picture begins within another one"))
            }
            _ => tables.read(&segment),
        };
        if let Err(fault) = read {
            break Some(fault);
        }
        if list.len() > max_scans {
            return Err(Error::TooLarge {
                what: "scans",
                actual: list.len() as u64,
                limit: max_scans as u64,
            });
        }
    };
    Ok(Scans { list, fault })
}
