//! The order in which coefficients are coded, low frequencies first (ITU-T T.81, figure A.6).

/// Where in a block, row by row, the coefficient of each zigzag position is.
pub(super) const NATURAL: [u8; 64] = natural();

/// For each row of a block, and for each set of its columns, the zigzag positions of these as a set of bits.
static POSITIONS: [[u64; 256]; 8] = positions();

/// Turns a set of coefficients, bit `8 × row + column` for each, into the set of their zigzag positions.
pub(super) fn positions_of(coefficients: u64) -> u64 {
    let mut set = 0;
    for (row, columns) in coefficients.to_le_bytes().into_iter().enumerate() {
        set |= POSITIONS[row][columns as usize];
    }
    set
}

/// Walks the diagonals, up and down in turn. `saturating_sub` is both a step along an edge and one away from it.
const fn natural() -> [u8; 64] {
    let mut order = [0; 64];
    let (mut row, mut column) = (0_u8, 0_u8);
    let mut position = 0;
    while position < 64 {
        order[position] = row * 8 + column;
        position += 1;
        if (row + column) % 2 == 0 {
            if column == 7 {
                row += 1;
            } else {
                column += 1;
                row = row.saturating_sub(1);
            }
        } else if row == 7 {
            column += 1;
        } else {
            row += 1;
            column = column.saturating_sub(1);
        }
    }
    order
}

const fn positions() -> [[u64; 256]; 8] {
    let mut table = [[0; 256]; 8];
    let mut position = 0;
    while position < 64 {
        let (row, column) = (NATURAL[position] as usize / 8, NATURAL[position] as usize % 8);
        let mut columns = 0;
        while columns < 256 {
            if columns >> column & 1 == 1 {
                table[row][columns] |= 1 << position;
            }
            columns += 1;
        }
        position += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_is_the_one_in_the_standard() {
        assert_eq!(NATURAL[..16], [0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5]);
        assert_eq!(NATURAL[56..], [53, 60, 61, 54, 47, 55, 62, 63]);
        assert_eq!(NATURAL.iter().fold(0_u64, |seen, place| seen | 1 << place), u64::MAX);
    }

    #[test]
    fn a_set_of_places_becomes_the_set_of_their_positions() {
        assert_eq!(positions_of(0), 0);
        assert_eq!(positions_of(u64::MAX), u64::MAX);
        for (position, place) in NATURAL.into_iter().enumerate() {
            assert_eq!(positions_of(1 << place | 1), 1 << position | 1);
        }
    }
}
