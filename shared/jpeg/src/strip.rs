//! What is held of a progressive picture while its scans are decoded: the coefficients of one strip, component by component.

use crate::layout::ComponentLayout;
use crate::sequential::signed_step;
use crate::tables::ZIGZAG;
use crate::transform::Transform;

/// In `Component::places`: not kept.
pub(crate) const NOWHERE: u8 = u8::MAX;

/// The coefficients of one component in one strip, as far as they are kept and known.
pub(crate) struct Component {
    pub(crate) layout: ComponentLayout,
    pub(crate) transform: Transform,
    /// The steps of quantization, row by row.
    pub(crate) steps: [i16; 64],
    /// How many coefficients of a block are kept side by side, and in all.
    pub(crate) across: usize,
    pub(crate) kept: usize,
    /// Where each coefficient is among those kept, in zigzag order, and which ones are, a bit for each.
    pub(crate) places: [u8; 64],
    pub(crate) wanted: u64,
    /// How many blocks there are in a row, with those that fill up MCUs.
    pub(crate) blocks_wide: usize,
    pub(crate) coefficients: Vec<i16>,
    /// Which AC coefficients of each block are not zero, a bit for each in zigzag order; empty where nobody asks.
    pub(crate) history: Vec<u64>,
}

impl Component {
    pub(crate) fn new(layout: &ComponentLayout, mcus_wide: usize, steps: &[u16; 64]) -> Self {
        let (across, down) = (layout.points_across.min(8), layout.points_down.min(8));
        let mut component = Self {
            transform: Transform::new(layout.points_across, layout.points_down),
            steps: [0; 64],
            across,
            kept: across * down,
            places: [NOWHERE; 64],
            wanted: 0,
            blocks_wide: mcus_wide * layout.across,
            coefficients: Vec::new(),
            history: Vec::new(),
            layout: layout.clone(),
        };
        for (index, (&step, &place)) in steps.iter().zip(&ZIGZAG).enumerate() {
            component.steps[usize::from(place)] = signed_step(step);
            let (row, column) = (usize::from(place / 8), usize::from(place % 8));
            if row < down && column < across && index <= layout.last {
                component.places[index] = (row * across + column) as u8;
                component.wanted |= 1 << index;
            }
        }
        component
    }
}
