//! Brings the rows of a component that is smaller than the picture to its width, and makes those that are between them.
//!
//! The triangle filter is libjpeg's: a sample is three parts of the nearest one and one part of the next nearest one, in
//! each direction, rounded up and down in turn so that no shade is favoured. Its results are the same to the bit.

use crate::layout::{ComponentLayout, Expansion};
use crate::plane::Plane;

/// Room for a row on its way.
#[derive(Default)]
pub(crate) struct Scratch {
    /// A row that is made of two, at four times its value.
    sums: Vec<u16>,
    /// The same where nothing is done across.
    blended: Vec<u8>,
    row: Vec<u8>,
}

impl Scratch {
    pub(crate) fn new(component: &ComponentLayout, width: usize) -> Self {
        if component.expand_across == Expansion::None && component.expand_down != Expansion::Triangle {
            return Self::default();
        }
        let widest = width.max(component.width * 2);
        Self { sums: vec![0; component.width], blended: vec![0; component.width], row: vec![0; widest] }
    }

    /// How many bytes that takes.
    pub(crate) fn bytes(component: &ComponentLayout, width: usize) -> usize {
        component.width * 3 + width.max(component.width * 2)
    }
}

/// The row of a component that belongs to row `y` of the picture: `width` samples, or a few more.
#[inline(always)]
pub(crate) fn expand<'s>(
    plane: &'s Plane,
    component: &ComponentLayout,
    y: usize,
    width: usize,
    scratch: &'s mut Scratch,
) -> &'s [u8] {
    let near = match component.expand_down {
        Expansion::None => plane.row(y.cast_signed()),
        Expansion::Repeat { from, to } => plane.row((y * from / to).cast_signed()),
        Expansion::Triangle => {
            let (near, is_upper) = ((y / 2).cast_signed(), y.is_multiple_of(2));
            let far = if is_upper { near - 1 } else { near + 1 };
            let (near, far) = (plane.row(near), plane.row(far));
            if component.expand_across == Expansion::Triangle {
                let sums = &mut scratch.sums[..];
                for x in 0..sums.len().min(near.len()).min(far.len()) {
                    sums[x] = u16::from(near[x]) * 3 + u16::from(far[x]);
                }
                double_sums(&scratch.sums, &mut scratch.row);
                return &scratch.row;
            }
            let bias = if is_upper { 1 } else { 2 };
            let blended = &mut scratch.blended[..];
            for x in 0..blended.len().min(near.len()).min(far.len()) {
                blended[x] = ((u16::from(near[x]) * 3 + u16::from(far[x]) + bias) >> 2) as u8;
            }
            &scratch.blended
        }
    };
    match component.expand_across {
        Expansion::None => near,
        Expansion::Triangle => {
            double(near, &mut scratch.row);
            &scratch.row
        }
        Expansion::Repeat { from, to } => {
            repeat(near, from, to, &mut scratch.row[..width]);
            &scratch.row
        }
    }
}

/// Two samples for each one.
#[inline(always)]
fn double(row: &[u8], out: &mut [u8]) {
    let ([first, ..], [.., last]) = (row, row) else { return };
    let end = row.len() * 2 - 1;
    (out[0], out[end]) = (*first, *last);
    let (lefts, rights, out) = (&row[..row.len() - 1], &row[1..], &mut out[1..end]);
    for index in 0..lefts.len().min(rights.len()).min(out.len() / 2) {
        let (left, right) = (u16::from(lefts[index]), u16::from(rights[index]));
        out[index * 2] = ((left * 3 + right + 2) >> 2) as u8;
        out[index * 2 + 1] = ((right * 3 + left + 1) >> 2) as u8;
    }
}

/// The same of a row that is at four times its value.
#[inline(always)]
fn double_sums(row: &[u16], out: &mut [u8]) {
    let ([first, ..], [.., last]) = (row, row) else { return };
    let end = row.len() * 2 - 1;
    (out[0], out[end]) = (((first * 4 + 8) >> 4) as u8, ((last * 4 + 7) >> 4) as u8);
    let (lefts, rights, out) = (&row[..row.len() - 1], &row[1..], &mut out[1..end]);
    for index in 0..lefts.len().min(rights.len()).min(out.len() / 2) {
        let (left, right) = (lefts[index], rights[index]);
        out[index * 2] = ((left * 3 + right + 7) >> 4) as u8;
        out[index * 2 + 1] = ((right * 3 + left + 8) >> 4) as u8;
    }
}

#[inline(always)]
fn repeat(row: &[u8], from: usize, to: usize, out: &mut [u8]) {
    if from == 1 {
        for (out, sample) in out.chunks_mut(to).zip(row) {
            out.fill(*sample);
        }
    } else {
        for (x, out) in out.iter_mut().enumerate() {
            *out = row.get(x * from / to).copied().unwrap_or_default();
        }
    }
}
