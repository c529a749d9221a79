//! Chance that is the same every time: hashed lattices, blended smoothly, in several sizes at once.

/// A field of noise. Different seeds give different fields.
#[derive(Clone, Copy)]
pub(crate) struct Noise {
    seed: u32,
}

impl Noise {
    pub(crate) fn new(seed: u32) -> Self {
        Self { seed }
    }

    /// A number from 0 to 1 for a point of the lattice: a multiply-and-xor hash.
    pub(crate) fn at(self, x: i32, y: i32) -> f32 {
        let mut hash = self.seed ^ x.cast_unsigned().wrapping_mul(0x85EB_CA6B);
        hash = (hash ^ (hash >> 15)).wrapping_mul(0x2C1B_3C6D) ^ y.cast_unsigned().wrapping_mul(0xC2B2_AE35);
        hash = (hash ^ (hash >> 12)).wrapping_mul(0x297A_2D39);
        hash ^= hash >> 15;
        f32::from((hash >> 16) as u16) / 65_535.0
    }

    /// Between the points of the lattice: blended, and level at each point.
    pub(crate) fn smooth(self, x: f32, y: f32) -> f32 {
        let (left, top) = (x.floor(), y.floor());
        let ease = |t: f32| t * t * (3.0 - 2.0 * t);
        let (right_share, bottom_share) = (ease(x - left), ease(y - top));
        #[expect(clippy::cast_possible_truncation, reason = "pictures are small")]
        let (column, row) = (left as i32, top as i32);
        let upper = blend(self.at(column, row), self.at(column + 1, row), right_share);
        let lower = blend(self.at(column, row + 1), self.at(column + 1, row + 1), right_share);
        blend(upper, lower, bottom_share)
    }

    /// Octaves of smooth noise on top of each other, each twice as fine and half as strong: 0 to 1.
    pub(crate) fn rough(self, x: f32, y: f32, octaves: u32) -> f32 {
        let (mut sum, mut weight, mut scale, mut strength) = (0.0, 0.0, 1.0, 1.0);
        for octave in 0..octaves {
            let field = Self::new(self.seed.wrapping_add(octave.wrapping_mul(0x9E37_79B9)));
            sum += field.smooth(x * scale, y * scale) * strength;
            weight += strength;
            scale *= 2.0;
            strength *= 0.5;
        }
        sum / weight
    }
}

/// From `from` to `to`, by a share of 0 to 1.
pub(crate) fn blend(from: f32, to: f32, share: f32) -> f32 {
    from + (to - from) * share
}
