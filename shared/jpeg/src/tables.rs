//! The tables that stay in force until they are redefined (T.81 B.2.4): quantization, Huffman, restart interval.

use std::sync::Arc;

use crate::error::Error;
use crate::segment::{Segment, marker};
use crate::typical::{CHROMINANCE, LUMINANCE, Typical};

/// Where in a block, row by row, the coefficient is that comes at each place of the zigzag sequence (T.81 figure A.6).
#[rustfmt::skip]
pub(crate) const ZIGZAG: [u8; 64] = [
     0,  1,  8, 16,  9,  2,  3, 10,
    17, 24, 32, 25, 18, 11,  4,  5,
    12, 19, 26, 33, 40, 48, 41, 34,
    27, 20, 13,  6,  7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36,
    29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46,
    53, 60, 61, 54, 47, 55, 62, 63,
];

/// The steps of quantization, in zigzag order (T.81 B.2.4.1).
pub(crate) type Quantization = [u16; 64];

/// A Huffman table as it is transmitted (T.81 B.2.4.2).
#[derive(Debug)]
pub(crate) struct HuffmanSpec {
    /// How many codes there are of each length, from 1 bit on.
    pub(crate) counts: [u8; 16],
    /// What they stand for, shortest code first.
    pub(crate) values: Vec<u8>,
}

/// What is in force at one place of the source.
#[derive(Clone, Debug)]
pub(crate) struct Tables {
    pub(crate) quantization: [Option<Arc<Quantization>>; 4],
    pub(crate) dc: [Option<Arc<HuffmanSpec>>; 4],
    pub(crate) ac: [Option<Arc<HuffmanSpec>>; 4],
    /// In MCUs; 0 where there are no restarts (T.81 B.2.4.4).
    pub(crate) restart_interval: u16,
}

impl Default for Tables {
    /// Frames of Motion JPEG leave out their Huffman tables, which are then the typical ones. libjpeg-turbo takes them for
    /// defined, too.
    fn default() -> Self {
        let both = |of: fn(&Typical) -> HuffmanSpec| {
            [Some(Arc::new(of(&LUMINANCE))), Some(Arc::new(of(&CHROMINANCE))), None, None]
        };
        Self {
            quantization: Default::default(),
            dc: both(Typical::dc),
            ac: both(Typical::ac),
            restart_interval: 0,
        }
    }
}

impl Tables {
    /// Takes a segment in, if it defines tables.
    pub(crate) fn read(&mut self, segment: &Segment<'_>) -> Result<(), Error> {
        match segment.code {
            marker::DQT => self.read_quantization(segment),
            marker::DHT => self.read_huffman(segment),
            marker::DRI => {
                self.restart_interval = segment.parameters().word()?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn read_quantization(&mut self, segment: &Segment<'_>) -> Result<(), Error> {
        let mut parameters = segment.parameters();
        while !parameters.is_empty() {
            let (precision, destination) = parameters.nibbles()?;
            let mut table = [0; 64];
            for step in &mut table {
                *step = match precision {
                    0 => u16::from(parameters.byte()?),
                    1 => parameters.word()?,
                    _ => return Err(segment.corrupt("quantization tables have 8 or 16 bits")),
                };
            }
            let Some(slot) = self.quantization.get_mut(usize::from(destination)) else {
                return Err(segment.corrupt("there are four destinations for quantization tables"));
            };
            *slot = Some(Arc::new(table));
        }
        Ok(())
    }

    fn read_huffman(&mut self, segment: &Segment<'_>) -> Result<(), Error> {
        let mut parameters = segment.parameters();
        while !parameters.is_empty() {
            let (class, destination) = parameters.nibbles()?;
            let mut counts = [0; 16];
            counts.copy_from_slice(parameters.take(16)?);
            // The codes of a length are what the shorter ones leave, or there are more than a prefix code can have.
            let mut free: u32 = 1;
            for count in counts {
                free = (free * 2).checked_sub(u32::from(count)).ok_or_else(|| {
                    segment.corrupt("a Huffman table has more codes than their lengths allow")
                })?;
            }
            let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
            if total > 256 {
                return Err(segment.corrupt("a Huffman table has more than 256 codes"));
            }
            let spec = HuffmanSpec { counts, values: parameters.take(total)?.to_vec() };
            let class = match class {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(segment.corrupt("Huffman tables are for DC or for AC coefficients")),
            };
            let Some(slot) = class.get_mut(usize::from(destination)) else {
                return Err(segment.corrupt("there are four destinations for Huffman tables"));
            };
            *slot = Some(Arc::new(spec));
        }
        Ok(())
    }
}
