//! Colour arithmetic in double precision, from published primaries and curves: what colours should become, worked out
//! without any of the code that makes them so.

pub type Triple = [f64; 3];
type Matrix = [Triple; 3];

/// The white of daylight at 6500 K and the white of the profile connection space (ICC.1, 6.3.4.3), as XYZ.
const D65: Triple = [0.950_47, 1.0, 1.088_83];
pub const D50: Triple = [0.964_2, 1.0, 0.824_9];

/// Chromaticities of red, green and blue, and white as XYZ.
pub struct Space {
    primaries: [[f64; 2]; 3],
    white: Triple,
}

/// IEC 61966-2-1.
pub const SRGB: Space = Space { primaries: [[0.64, 0.33], [0.3, 0.6], [0.15, 0.06]], white: D65 };
/// SMPTE EG 432-1 with the white of D65.
pub const DISPLAY_P3: Space = Space { primaries: [[0.68, 0.32], [0.265, 0.69], [0.15, 0.06]], white: D65 };
/// Adobe RGB (1998), 4.3.1.
pub const ADOBE_RGB: Space = Space { primaries: [[0.64, 0.33], [0.21, 0.71], [0.15, 0.06]], white: D65 };
/// ROMM RGB, ISO 22028-2.
pub const PRO_PHOTO: Space =
    Space { primaries: [[0.734_7, 0.265_3], [0.159_6, 0.840_4], [0.036_6, 0.000_1]], white: D50 };

fn times(matrix: Matrix, [a, b, c]: Triple) -> Triple {
    matrix.map(|row| row[0] * a + row[1] * b + row[2] * c)
}

fn product(one: Matrix, other: Matrix) -> Matrix {
    one.map(|row| [0, 1, 2].map(|at| row[0] * other[0][at] + row[1] * other[1][at] + row[2] * other[2][at]))
}

fn inverse(m: Matrix) -> Matrix {
    let minor = |a: usize, b: usize, c: usize, d: usize| m[a][c] * m[b][d] - m[a][d] * m[b][c];
    let adjugate = [
        [minor(1, 2, 1, 2), -minor(0, 2, 1, 2), minor(0, 1, 1, 2)],
        [-minor(1, 2, 0, 2), minor(0, 2, 0, 2), -minor(0, 1, 0, 2)],
        [minor(1, 2, 0, 1), -minor(0, 2, 0, 1), minor(0, 1, 0, 1)],
    ];
    let determinant = (0..3).map(|at| m[0][at] * adjugate[at][0]).sum::<f64>();
    adjugate.map(|row| row.map(|value| value / determinant))
}

impl Space {
    /// From light to XYZ.
    fn to_xyz(&self) -> Matrix {
        let [r, g, b] = self.primaries.map(|[x, y]| [x / y, 1.0, (1.0 - x - y) / y]);
        let columns = [[r[0], g[0], b[0]], [r[1], g[1], b[1]], [r[2], g[2], b[2]]];
        let share = times(inverse(columns), self.white);
        columns.map(|row| [row[0] * share[0], row[1] * share[1], row[2] * share[2]])
    }

    /// Light of this space as encoded sRGB of 0 to 1; what sRGB has not is cut off.
    pub fn to_srgb(&self, light: Triple) -> Triple {
        xyz_to_srgb(times(self.to_xyz(), light), self.white)
    }
}

/// XYZ under some white as encoded sRGB, white becoming white (Bradford's adaptation, ICC.1 annex E).
pub fn xyz_to_srgb(xyz: Triple, white: Triple) -> Triple {
    const BRADFORD: Matrix =
        [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];
    let (from, to) = (times(BRADFORD, white), times(BRADFORD, D65));
    let gains = [0, 1, 2].map(|at| {
        let mut row = [0.0; 3];
        row[at] = to[at] / from[at];
        row
    });
    let adapt = product(inverse(BRADFORD), product(gains, BRADFORD));
    times(inverse(SRGB.to_xyz()), times(adapt, xyz)).map(|light| srgb_encoded(light.clamp(0.0, 1.0)))
}

/// The curve of sRGB (IEC 61966-2-1), from light and to light.
pub fn srgb_encoded(light: f64) -> f64 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

pub fn srgb_light(encoded: f64) -> f64 {
    if encoded <= 0.040_45 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
}

/// CIE 1976 L*a*b* of encoded sRGB.
pub fn lab(encoded: Triple) -> Triple {
    let xyz = times(SRGB.to_xyz(), encoded.map(srgb_light));
    let curve = |value: f64| {
        if value > 216.0 / 24_389.0 { value.cbrt() } else { (value * 24_389.0 / 27.0 + 16.0) / 116.0 }
    };
    let [x, y, z] = [0, 1, 2].map(|at| curve(xyz[at] / D65[at]));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// XYZ under D50 of L*a*b*.
pub fn lab_to_xyz([l, a, b]: Triple) -> Triple {
    let y = (l + 16.0) / 116.0;
    let curve = |value: f64| {
        let cube = value.powi(3);
        if cube > 216.0 / 24_389.0 { cube } else { (116.0 * value - 16.0) * 27.0 / 24_389.0 }
    };
    [curve(y + a / 500.0) * D50[0], curve(y) * D50[1], curve(y - b / 200.0) * D50[2]]
}

/// How far apart two colours are seen: CIE 1976 ΔE*ab, of bytes and of encoded sRGB from 0 to 1. About 2.3 is just seen.
pub fn delta_e(seen: &[u8], expected: Triple) -> f64 {
    let seen = lab([0, 1, 2].map(|at| f64::from(seen[at]) / 255.0));
    let expected = lab(expected);
    (0..3).map(|at| (seen[at] - expected[at]).powi(2)).sum::<f64>().sqrt()
}
