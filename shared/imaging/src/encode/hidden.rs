//! What cannot be seen, made cheap and harmless: under no alpha stand the colours of what shows nearby.
//!
//! Left as they are (black, after resizing), hidden colours cost a lossy encoder an edge along every outline, and come out
//! as a dark fringe where it rounds them into their neighbours.

/// Gives pixels without any alpha the mean of what shows in the least square around them, of a side that is a power of
/// two, in which something does. What shows stays as it is; where nothing does, so does everything.
pub(super) fn recolor(pixels: &mut [[u8; 4]], width: usize) {
    let mut colors: Vec<Option<[u8; 3]>> =
        pixels.iter().map(|&[red, green, blue, alpha]| (alpha > 0).then_some([red, green, blue])).collect();
    fill(&mut colors, width);
    for (pixel, color) in pixels.iter_mut().zip(colors) {
        if let Some([red, green, blue]) = color {
            *pixel = [red, green, blue, pixel[3]];
        }
    }
}

/// Gives every cell a colour: its square's at half the resolution, where it has none.
fn fill(cells: &mut [Option<[u8; 3]>], width: usize) {
    if cells.len() <= 1 || cells.iter().all(Option::is_some) {
        return;
    }
    let mut squares: Vec<Option<[u8; 3]>> = Vec::with_capacity(cells.len() / 4 + width);
    for rows in cells.chunks(width * 2) {
        let (upper, lower) = rows.split_at(width);
        let lower = lower.chunks(2).chain(std::iter::repeat(&[][..]));
        squares.extend(
            upper.chunks(2).zip(lower).map(|(upper, lower)| mean(upper.iter().chain(lower).flatten())),
        );
    }
    fill(&mut squares, width.div_ceil(2));
    for (row, squares) in
        cells.chunks_mut(width).zip(squares.chunks(width.div_ceil(2)).flat_map(|row| [row, row]))
    {
        for (cells, square) in row.chunks_mut(2).zip(squares) {
            for cell in cells {
                *cell = cell.or(*square);
            }
        }
    }
}

/// The mean of up to four colours; `None` of none.
fn mean<'a>(colors: impl Iterator<Item = &'a [u8; 3]>) -> Option<[u8; 3]> {
    let (mut sums, mut count) = ([0_u16; 3], 0);
    for color in colors {
        for (sum, value) in sums.iter_mut().zip(color) {
            *sum += u16::from(*value);
        }
        count += 1;
    }
    // A mean of bytes is a byte.
    (count > 0).then(|| sums.map(|sum| u8::try_from((sum + count / 2) / count).unwrap_or(u8::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: [u8; 4] = [200, 0, 0, 255];
    const BLUE: [u8; 4] = [0, 0, 101, 1];
    const NONE: [u8; 4] = [9, 9, 9, 0];

    #[test]
    fn what_hides_takes_on_what_shows_in_its_square() {
        let mut pixels = [
            [RED, NONE, NONE],
            [NONE, RED, NONE],
            [NONE, NONE, BLUE],
            [NONE, NONE, NONE],
            [NONE, NONE, NONE],
        ]
        .concat();
        recolor(&mut pixels, 3);
        let [red, blue] = [RED, BLUE].map(|[red, green, blue, _]| [red, green, blue, 0]);
        // Squares of two that show nothing have the mean of those beside and below them.
        let both = [100, 0, 51, 0];
        let expected =
            [[RED, red, both], [red, RED, both], [both, both, BLUE], [both, both, blue], [both; 3]].concat();
        assert_eq!(pixels, expected);
    }

    #[test]
    fn where_nothing_or_all_shows_nothing_changes() {
        for pixel in [NONE, RED, BLUE] {
            for (width, height) in [(1, 1), (1, 7), (5, 3), (8, 8)] {
                let mut pixels = vec![pixel; width * height];
                recolor(&mut pixels, width);
                assert!(pixels.iter().all(|one| *one == pixel), "{pixel:?} in {width} x {height}");
            }
        }
        recolor(&mut [], 0);
    }
}
