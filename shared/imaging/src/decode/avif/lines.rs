//! Lines of samples for the pixels that come out: cells side by side, planes shrunk by whole factors or stretched to the
//! size of luma, and every depth brought to the same scale.

use super::av1::Planes;

/// Bits of a sample on a line, whatever the bits of the file.
pub(super) const LINE_BITS: u8 = 14;

/// A row of cells, decoded.
pub(super) struct Band {
    pub(super) cells: Vec<Planes>,
    /// Rows of luma that belong to the picture.
    pub(super) rows: u32,
    pub(super) bits: u8,
    /// Whether chroma has half the columns, and half the rows.
    pub(super) subsampled: (bool, bool),
}

/// Makes lines, with memory to work in.
#[derive(Default)]
pub(super) struct Lines {
    sums: Vec<u32>,
    near: Vec<u16>,
    far: Vec<u16>,
}

impl Lines {
    /// The line of `plane` for output row `y`, where a pixel of the output is the average of `factor` by `factor` of luma.
    /// It is as long as the cells are wide, or longer by one where chroma is stretched.
    pub(super) fn make(&mut self, band: &Band, plane: usize, factor: u32, y: u32, line: &mut Vec<u16>) {
        let (columns, rows) = if plane == 0 { (false, false) } else { band.subsampled };
        let across = factor >> u32::from(columns);
        let down = factor >> u32::from(rows);
        if across > 0 && down > 0 {
            return self.average(band, plane, (across, down), y * down, line);
        }
        let across_or_one = across.max(1);
        if down > 0 {
            self.average(band, plane, (across_or_one, down), y * down, line);
        } else {
            // Three quarters of the nearer row, one of the other: chroma lies in the middle of four pixels.
            let last = band.rows.div_ceil(2).saturating_sub(1);
            let near = (y / 2).min(last);
            let far = if y.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(last) };
            let (mut near_line, mut far_line) =
                (std::mem::take(&mut self.near), std::mem::take(&mut self.far));
            self.average(band, plane, (across_or_one, 1), near, &mut near_line);
            self.average(band, plane, (across_or_one, 1), far, &mut far_line);
            line.clear();
            line.extend(near_line.iter().zip(&far_line).map(|(near, far)| blend(*near, *far)));
            (self.near, self.far) = (near_line, far_line);
        }
        if across == 0 {
            std::mem::swap(line, &mut self.near);
            stretch(&self.near, line);
        }
    }

    /// Averages blocks of a plane, from row `first` on; at the right and at the bottom there may be less of them.
    fn average(&mut self, band: &Band, plane: usize, block: (u32, u32), first: u32, line: &mut Vec<u16>) {
        line.clear();
        for cell in &band.cells {
            if band.bits > 8 {
                self.average_cell(cell, plane, block, first, band.bits, line, |row| row.as_chunks::<2>().0);
            } else {
                self.average_cell(cell, plane, block, first, band.bits, line, |row| row.as_chunks::<1>().0);
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the one place where all of it meets")]
    fn average_cell<const N: usize>(
        &mut self,
        cell: &Planes,
        plane: usize,
        (across, down): (u32, u32),
        first: u32,
        bits: u8,
        line: &mut Vec<u16>,
        stored: impl Fn(&[u8]) -> &[[u8; N]],
    ) {
        let shift = u32::from(LINE_BITS.saturating_sub(bits));
        if (across, down) == (1, 1) {
            line.extend(stored(cell.row(plane, first)).iter().map(|sample| value(*sample) << shift));
            return;
        }
        let across = across as usize;
        let mut added = 0;
        self.sums.clear();
        for y in first..first + down {
            let row = stored(cell.row(plane, y));
            if row.is_empty() {
                break;
            }
            self.sums.resize(row.len().div_ceil(across), 0);
            match across {
                1 => add::<N, 1>(row, &mut self.sums),
                2 => add::<N, 2>(row, &mut self.sums),
                4 => add::<N, 4>(row, &mut self.sums),
                _ => add::<N, 8>(row, &mut self.sums),
            }
            added += 1;
        }
        let width = stored(cell.row(plane, first)).len();
        let whole = width / across;
        let narrow = |sum: u32| u16::try_from(sum).unwrap_or(u16::MAX);
        let count = added * u32::try_from(across).unwrap_or(1);
        if count.is_power_of_two() {
            let down_shift = count.trailing_zeros();
            let half = (1_u32 << down_shift) >> 1;
            line.extend(
                self.sums.iter().take(whole).map(|sum| narrow(((sum << shift) + half) >> down_shift)),
            );
        } else {
            let count = count.max(1);
            line.extend(self.sums.iter().take(whole).map(|sum| narrow(((sum << shift) + count / 2) / count)));
        }
        let rest = u32::try_from(width % across).unwrap_or_default() * added;
        if let Some(sum) = self.sums.get(whole).filter(|_| rest > 0) {
            line.push(narrow(((sum << shift) + rest / 2) / rest));
        }
    }
}

/// A stored sample of one or two bytes.
fn value<const N: usize>(sample: [u8; N]) -> u16 {
    let mut bytes = [0; 2];
    bytes[..N].copy_from_slice(&sample);
    if N == 2 { u16::from_ne_bytes(bytes) } else { bytes[0].into() }
}

/// Adds blocks of `A` samples to a sum each.
fn add<const N: usize, const A: usize>(row: &[[u8; N]], sums: &mut [u32]) {
    let (blocks, rest) = row.as_chunks::<A>();
    for (sum, block) in sums.iter_mut().zip(blocks) {
        *sum += block.iter().map(|sample| u32::from(value(*sample))).sum::<u32>();
    }
    if let Some(sum) = sums.get_mut(blocks.len()) {
        *sum += rest.iter().map(|sample| u32::from(value(*sample))).sum::<u32>();
    }
}

/// Three parts of one and one part of the other.
fn blend(near: u16, far: u16) -> u16 {
    // Lines have 14 bits: four of them fit into 16.
    (near * 3 + far + 2) >> 2
}

/// Twice as many samples, each between its neighbours.
fn stretch(half: &[u16], line: &mut Vec<u16>) {
    line.clear();
    let (Some(&first), Some(&last)) = (half.first(), half.last()) else { return };
    line.push(first);
    for pair in half.array_windows::<2>() {
        line.extend([blend(pair[0], pair[1]), blend(pair[1], pair[0])]);
    }
    line.push(last);
}
