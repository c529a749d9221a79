//! The frame header (T.81 B.2.2): how large the picture is, and how its components are sampled and coded.

use crate::error::Error;
use crate::segment::{Segment, marker};

/// The coding processes that are decoded here, all with Huffman codes and 8 bits (T.81 4.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Process {
    /// Baseline and extended sequential: each component in one scan.
    Sequential,
    /// Progressive: each coefficient in several.
    Progressive,
}

/// One of the planes that make up the picture.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    /// By which scans name it.
    pub(crate) id: u8,
    /// Sampling factors, 1 to 4: how many blocks there are in an MCU side by side, and on top of each other.
    pub(crate) across: usize,
    pub(crate) down: usize,
    /// Which quantization table it uses.
    pub(crate) quantization: usize,
}

/// What the frame header says.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) process: Process,
    pub(crate) width: usize,
    /// 0 where a DNL segment after the first scan tells it (T.81 B.2.5).
    pub(crate) height: usize,
    pub(crate) components: Vec<Component>,
    /// The largest sampling factors of any component.
    pub(crate) most_across: usize,
    pub(crate) most_down: usize,
}

impl Frame {
    /// Whether a marker begins a frame: one of the SOFs.
    pub(crate) fn begins_at(code: u8) -> bool {
        matches!(code, marker::SOF0..=marker::SOF15)
            && !matches!(code, marker::DHT | marker::JPG | marker::DAC)
    }

    /// Reads the frame header.
    pub(crate) fn read(segment: &Segment<'_>) -> Result<Self, Error> {
        let unsupported = |feature| Err(Error::Unsupported { position: segment.position, feature });
        let process = match segment.code - marker::SOF0 {
            0 | 1 => Process::Sequential,
            2 => Process::Progressive,
            3 => return unsupported("lossless coding"),
            5..=7 => return unsupported("hierarchical coding"),
            _ => return unsupported("arithmetic coding"),
        };
        let mut parameters = segment.parameters();
        match parameters.byte()? {
            8 => {}
            12 => return unsupported("samples of 12 bits"),
            _ => return Err(segment.corrupt("samples have 8 or 12 bits")),
        }
        let height = usize::from(parameters.word()?);
        let width = usize::from(parameters.word()?);
        if width == 0 {
            return Err(segment.corrupt("the picture has no width"));
        }
        let mut components = Vec::new();
        match parameters.byte()? {
            0 => return Err(segment.corrupt("the picture has no components")),
            count @ (1 | 3 | 4) => {
                for _ in 0..count {
                    components.push(read_component(segment, &mut parameters)?);
                }
            }
            _ => return unsupported("a picture of neither one, three nor four components"),
        }
        let most_across = components.iter().map(|component| component.across).max().unwrap_or(1);
        let most_down = components.iter().map(|component| component.down).max().unwrap_or(1);
        Ok(Self { process, width, height, components, most_across, most_down })
    }
}

fn read_component(
    segment: &Segment<'_>,
    parameters: &mut crate::segment::Parameters<'_>,
) -> Result<Component, Error> {
    let id = parameters.byte()?;
    let (across, down) = parameters.nibbles()?;
    if !(1..=4).contains(&across) || !(1..=4).contains(&down) {
        return Err(segment.corrupt("sampling factors are from 1 to 4"));
    }
    let quantization = usize::from(parameters.byte()?);
    if quantization > 3 {
        return Err(segment.corrupt("there are four destinations for quantization tables"));
    }
    Ok(Component { id, across: across.into(), down: down.into(), quantization })
}
