//! A component's decoded samples: those of one row of MCUs, and as many above as upsampling looks back at.

use crate::layout::ComponentLayout;

/// What a row has beyond its end: transforms write whole vectors, and leave it to the next block to be right.
pub(crate) const SLACK: usize = 16;

/// Rows of samples of one component.
pub(crate) struct Plane {
    pub(crate) samples: Vec<u8>,
    /// From one row to the next one.
    pub(crate) stride: usize,
    /// How many rows are kept from above.
    kept: usize,
    /// How many rows a row of MCUs has.
    rows: usize,
    /// Which row the first one in `samples` is: above the picture in the beginning.
    top: isize,
    /// How many rows and columns belong to the picture.
    height: usize,
    width: usize,
}

impl Plane {
    pub(crate) fn new(component: &ComponentLayout, mcus_wide: usize, lag: usize) -> Self {
        let rows = component.down * component.points_down;
        // As many rows as the lagging ones of the result come from, at most, and one for the triangle.
        let kept = if lag == 0 { 0 } else { lag + 1 };
        let stride = Self::stride(component, mcus_wide);
        Self {
            samples: vec![128; Self::bytes(component, mcus_wide, lag)],
            stride,
            kept,
            rows,
            top: -kept.cast_signed(),
            height: component.height,
            width: component.width,
        }
    }

    fn stride(component: &ComponentLayout, mcus_wide: usize) -> usize {
        mcus_wide * component.across * component.points_across + SLACK
    }

    /// How many bytes a plane takes.
    pub(crate) fn bytes(component: &ComponentLayout, mcus_wide: usize, lag: usize) -> usize {
        let kept = if lag == 0 { 0 } else { lag + 1 };
        (component.down * component.points_down + kept) * Self::stride(component, mcus_wide) + SLACK
    }

    /// Where the first sample of the row of MCUs is.
    pub(crate) fn start(&self) -> usize {
        self.kept * self.stride
    }

    /// Makes room for the next row of MCUs.
    pub(crate) fn advance(&mut self) {
        let from = self.rows * self.stride;
        self.samples.copy_within(from..from + self.kept * self.stride, 0);
        self.top += self.rows.cast_signed();
    }

    /// A row of the component, its nearest one where there is none: only what belongs to the picture.
    pub(crate) fn row(&self, row: isize) -> &[u8] {
        let row = row.clamp(0, self.height.cast_signed() - 1) - self.top;
        let start = usize::try_from(row).unwrap_or(0) * self.stride;
        &self.samples[start..start + self.width]
    }
}
