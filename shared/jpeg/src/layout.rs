//! How large everything is at one scale: blocks, planes, and what is left to do to bring planes to the picture's size.

use crate::frame::{Component, Frame};
use crate::options::Scale;

/// The most samples that a side of a block is decoded to.
pub(crate) const MAX_POINTS: usize = 16;

/// How a plane becomes as wide, or as high, as the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expansion {
    /// It is already.
    None,
    /// Each sample becomes two, each three parts of it and one part of its neighbour: libjpeg's "fancy upsampling".
    Triangle,
    /// Each sample of the picture is the one that covers its start: `from` samples for each `to`.
    Repeat { from: usize, to: usize },
}

const REPEAT_TWICE: Expansion = Expansion::Repeat { from: 1, to: 2 };

impl Expansion {
    fn without_triangle(self) -> Self {
        if self == Self::Triangle { REPEAT_TWICE } else { self }
    }
}

/// One component at one scale.
#[derive(Clone, Debug)]
pub(crate) struct ComponentLayout {
    /// How many blocks there are in an MCU of an interleaved scan.
    pub(crate) across: usize,
    pub(crate) down: usize,
    /// To how many samples a block is decoded.
    pub(crate) points_across: usize,
    pub(crate) points_down: usize,
    /// The last coefficient, in zigzag order, that is needed.
    pub(crate) last: usize,
    /// How many blocks the component has; an interleaved scan fills up the last MCUs with more (T.81 A.2.4).
    pub(crate) blocks_wide: usize,
    pub(crate) blocks_high: usize,
    /// How many of its samples belong to the picture.
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) expand_across: Expansion,
    pub(crate) expand_down: Expansion,
}

impl ComponentLayout {
    /// Whose blocks are decoded to so many samples, and left as they are: as samples, not as pixels.
    fn new(
        frame: &Frame,
        component: &Component,
        scale: Scale,
        (points_across, points_down): (usize, usize),
    ) -> Self {
        let stored = |side: usize, factor: usize, most: usize| (side * factor).div_ceil(most);
        let decoded = |side: usize, factor: usize, most: usize, points: usize| {
            (side * factor * points).div_ceil(most * 8)
        };
        Self {
            across: component.across,
            down: component.down,
            points_across,
            points_down,
            last: scale.last_needed((points_across, points_down), [(points_across, 1), (points_down, 1)]),
            blocks_wide: stored(frame.width, component.across, frame.most_across).div_ceil(8),
            blocks_high: stored(frame.height, component.down, frame.most_down).div_ceil(8),
            width: decoded(frame.width, component.across, frame.most_across, points_across),
            height: decoded(frame.height, component.down, frame.most_down, points_down),
            expand_across: Expansion::None,
            expand_down: Expansion::None,
        }
    }
}

/// A picture at one scale.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// The size of the result.
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// How many MCUs an interleaved scan has.
    pub(crate) mcus_wide: usize,
    pub(crate) mcus_high: usize,
    /// How many rows of the result come of a row of MCUs.
    pub(crate) rows_per_mcu: usize,
    pub(crate) components: Vec<ComponentLayout>,
}

impl Layout {
    /// For pixels: all components become as large as the picture.
    pub(crate) fn new(frame: &Frame, scale: Scale) -> Self {
        let eighths = scale.get();
        let (most_across, most_down) = (frame.most_across, frame.most_down);
        let components = frame.components.iter().map(|component| {
            let points_across = points(eighths, component.across, most_across);
            let points_down = points(eighths, component.down, most_down);
            let plain = ComponentLayout::new(frame, component, scale, (points_across, points_down));
            let pixels = [(most_across * eighths, component.across), (most_down * eighths, component.down)];
            let last = scale.last_needed((points_across, points_down), pixels);
            let expand_across = expansion(component.across * points_across, most_across * eighths);
            let expand_down = expansion(component.down * points_down, most_down * eighths);
            // libjpeg, too, only repeats where there is hardly anything to blend, or the width is not doubled.
            let (expand_across, expand_down) = match (expand_across, expand_down) {
                (Expansion::Triangle, down) if plain.width <= 2 => (REPEAT_TWICE, down.without_triangle()),
                (across @ Expansion::Repeat { .. }, down) => (across, down.without_triangle()),
                both => both,
            };
            ComponentLayout { last, expand_across, expand_down, ..plain }
        });
        let components = components.collect();
        let sides = |side: usize| (side * eighths).div_ceil(8);
        Self::of(frame, (sides(frame.width), sides(frame.height)), most_down * eighths, components)
    }

    /// For planes: each component at a scale of its own. There is no picture to be made of them.
    pub(crate) fn of_planes(frame: &Frame, scale_of: impl Fn(usize) -> Scale) -> Self {
        let components = frame.components.iter().enumerate().map(|(index, component)| {
            let scale = scale_of(index);
            ComponentLayout::new(frame, component, scale, (scale.get(), scale.get()))
        });
        Self::of(frame, (0, 0), 0, components.collect())
    }

    fn of(
        frame: &Frame,
        (width, height): (usize, usize),
        rows_per_mcu: usize,
        components: Vec<ComponentLayout>,
    ) -> Self {
        let mcus_wide = frame.width.div_ceil(8 * frame.most_across);
        let mcus_high = frame.height.div_ceil(8 * frame.most_down);
        Self { width, height, mcus_wide, mcus_high, rows_per_mcu, components }
    }

    /// Whether any coefficients are left out.
    pub(crate) fn is_reduced(&self) -> bool {
        self.components.iter().any(|component| component.last < 63)
    }

    /// How many rows of the result cannot be made before the MCUs below are decoded.
    pub(crate) fn lag(&self) -> usize {
        let looks_ahead = |component: &ComponentLayout| component.expand_down == Expansion::Triangle;
        if self.components.iter().any(looks_ahead) { 2 } else { 0 }
    }
}

/// To how many samples a side of a block is decoded: as many as make the component as large as the result, if blocks may
/// become that large. That is upsampling by the inverse transform: it costs less than a filter afterwards, and keeps more.
/// At full size, though, a filter it is, as everywhere else: a picture should look the same in all decoders.
fn points(eighths: usize, factor: usize, most: usize) -> usize {
    if eighths == 8 {
        return 8;
    }
    let fits = |points: &usize| *points <= MAX_POINTS;
    if (eighths * most).is_multiple_of(factor) {
        let exact = eighths * most / factor;
        return Some(exact)
            .filter(fits)
            .or_else(|| Some(exact / 2).filter(|half| fits(half) && exact.is_multiple_of(2)))
            .unwrap_or(eighths);
    }
    eighths
}

fn expansion(from: usize, to: usize) -> Expansion {
    match (from, to) {
        (from, to) if from == to => Expansion::None,
        (from, to) if from * 2 == to => Expansion::Triangle,
        (from, to) => Expansion::Repeat { from, to },
    }
}
