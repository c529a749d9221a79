//! Everything of a file that is not entropy-coded (ITU-T T.81, annex B, and JFIF 1.02).

use super::huffman::HuffmanTable;
use super::layout::{Component, Layout};
use super::quantisation::Quantiser;
use super::zigzag::NATURAL;

/// What a Huffman table is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Dc = 0,
    Ac = 1,
}

/// Which coefficients a scan holds, and which of their bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    /// Zigzag positions of the first and the last.
    pub(super) first: u8,
    pub(super) last: u8,
    /// The lowest bit that has been sent before, or 0 for none.
    pub(super) high: u8,
    /// The lowest bit that is sent now.
    pub(super) low: u8,
}

impl Band {
    /// Everything at once, as sequential files have it.
    pub(super) const WHOLE: Self = Self { first: 0, last: 63, high: 0, low: 0 };
}

/// The start of a file: that it is JPEG, JFIF 1.01 with square pixels, and how it was quantised.
pub(super) fn begin(file: &mut Vec<u8>, layout: &Layout, quantisers: &[Quantiser; 2]) {
    file.extend([0xFF, 0xD8]);
    segment(file, 0xE0, b"JFIF\0\x01\x01\x00\x00\x01\x00\x01\x00\x00");
    let tables = if layout.components.len() == 1 { 1 } else { 2 };
    for (index, quantiser) in (0..).zip(quantisers).take(tables) {
        let mut table = vec![index];
        table.extend(NATURAL.map(|place| quantiser.steps[usize::from(place)]));
        segment(file, 0xDB, &table);
    }
}

/// The size of the picture, and what its components are.
pub(super) fn frame(file: &mut Vec<u8>, layout: &Layout, progressive: bool) {
    let [height_high, height_low] = (layout.height as u16).to_be_bytes();
    let [width_high, width_low] = (layout.width as u16).to_be_bytes();
    let mut frame = vec![8, height_high, height_low, width_high, width_low, layout.components.len() as u8];
    for component in &layout.components {
        frame.extend([
            identifier(component),
            (component.across << 4 | component.down) as u8,
            component.table as u8,
        ]);
    }
    segment(file, if progressive { 0xC2 } else { 0xC0 }, &frame);
}

/// One of the Huffman tables for the scans that follow.
pub(super) fn huffman_table(file: &mut Vec<u8>, class: Class, index: usize, table: &HuffmanTable) {
    let mut content = vec![(class as u8) << 4 | index as u8];
    content.extend(table.lengths);
    content.extend(&table.symbols);
    segment(file, 0xC4, &content);
}

/// The start of a scan. A table that the scan has no use for is told as 0.
pub(super) fn scan(file: &mut Vec<u8>, components: &[Component], band: Band) {
    let mut scan = vec![components.len() as u8];
    for component in components {
        let dc = if band.first == 0 && band.high == 0 { component.table } else { 0 };
        let ac = if band.last > 0 { component.table } else { 0 };
        scan.extend([identifier(component), (dc << 4 | ac) as u8]);
    }
    scan.extend([band.first, band.last, band.high << 4 | band.low]);
    segment(file, 0xDA, &scan);
}

/// The end of a file.
pub(super) fn end(file: &mut Vec<u8>) {
    file.extend([0xFF, 0xD9]);
}

/// JFIF counts components from 1.
fn identifier(component: &Component) -> u8 {
    component.index as u8 + 1
}

/// A marker, the length of what follows it, and that. All segments here are shorter than 300 bytes.
fn segment(file: &mut Vec<u8>, marker: u8, content: &[u8]) {
    file.extend([0xFF, marker]);
    file.extend((content.len() as u16 + 2).to_be_bytes());
    file.extend(content);
}
