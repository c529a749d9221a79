//! Which blocks a picture is made of (ITU-T T.81, A.1 and A.2).

use crate::header::Size;

/// What becomes of the colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sampling {
    /// There are none: one component.
    Gray,
    /// 4:4:4.
    Full,
    /// 4:2:0, halved in both directions.
    Halved,
}

/// One of the planes that a picture is coded as.
#[derive(Clone, Copy, Debug)]
pub(super) struct Component {
    /// Its place in the frame, from 0.
    pub(super) index: usize,
    /// Which of the two quantisation tables and pairs of Huffman tables are its own: 0 for luma, 1 for chroma.
    pub(super) table: usize,
    /// Blocks of it in an MCU, across and down: its sampling factors.
    pub(super) across: usize,
    pub(super) down: usize,
    /// Blocks that hold some of the picture. MCUs at the right and lower edges can reach beyond them.
    pub(super) blocks_wide: usize,
    pub(super) blocks_high: usize,
}

/// A picture's blocks.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) sampling: Sampling,
    /// Pixels.
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) mcus_wide: usize,
    pub(super) mcus_high: usize,
    pub(super) components: Vec<Component>,
}

impl Layout {
    /// `None` if a side is 0 or beyond 65,535.
    pub(super) fn new(size: Size, sampling: Sampling) -> Option<Self> {
        let side = |side: u32| u16::try_from(side).ok().filter(|side| *side > 0).map(usize::from);
        let (width, height) = (side(size.width)?, side(size.height)?);
        let (luma_factor, count) = match sampling {
            Sampling::Gray => (1, 1),
            Sampling::Full => (1, 3),
            Sampling::Halved => (2, 3),
        };
        let components = (0..count).map(|index| {
            let factor = if index == 0 { luma_factor } else { 1 };
            let blocks = |side: usize| (side * factor).div_ceil(luma_factor).div_ceil(8);
            Component {
                index,
                table: usize::from(index > 0),
                across: factor,
                down: factor,
                blocks_wide: blocks(width),
                blocks_high: blocks(height),
            }
        });
        Some(Self {
            sampling,
            width,
            height,
            mcus_wide: width.div_ceil(8 * luma_factor),
            mcus_high: height.div_ceil(8 * luma_factor),
            components: components.collect(),
        })
    }

    /// Bytes of a row of pixels.
    pub(super) fn row_bytes(&self) -> usize {
        self.width * if self.sampling == Sampling::Gray { 1 } else { 3 }
    }

    /// Blocks that hold some of the picture, of all components.
    pub(super) fn blocks(&self) -> usize {
        self.components.iter().map(|component| component.blocks_wide * component.blocks_high).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_rounded_up_for_each_component() {
        let layout = Layout::new(Size::new(17, 8), Sampling::Halved).unwrap();
        assert_eq!((layout.mcus_wide, layout.mcus_high), (2, 1));
        let blocks =
            |index: usize| (layout.components[index].blocks_wide, layout.components[index].blocks_high);
        assert_eq!((blocks(0), blocks(1), blocks(2)), ((3, 1), (2, 1), (2, 1)));
        assert_eq!(layout.blocks(), 7);
    }

    #[test]
    fn what_two_bytes_cannot_tell_has_no_layout() {
        assert!(Layout::new(Size::new(65_535, 1), Sampling::Gray).is_some());
        assert!(Layout::new(Size::new(65_536, 1), Sampling::Gray).is_none());
        assert!(Layout::new(Size::new(1, 0), Sampling::Gray).is_none());
    }
}
