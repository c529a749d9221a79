//! What a PNG says of its colours, and in how many ways it can say it: code points, a profile, "sRGB", or a gamma and
//! primaries. Where there are several, they count in this order (PNG specification, third edition, 4.3).

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, MatrixCoefficients,
    ToneReprCurve, TransferCharacteristics,
};
use png::{ColorType, Info, ScaledFloat};

/// The gamma that programs write who mean sRGB, times 100,000.
const GAMMA_OF_SRGB: u32 = 45_455;
/// The primaries of sRGB and its white, as in cHRM (11.3.2.1), times 100,000.
const SRGB: [(u32, u32); 4] = [(31_270, 32_900), (64_000, 33_000), (30_000, 60_000), (15_000, 6_000)];
/// How far chromaticities and gammas may be rounded and still be the same, times 100,000.
const ROUNDING: u32 = 200;

/// The colours' ICC profile, `None` where they are those of sRGB, or nothing is said.
pub(super) fn profile(info: &Info<'_>) -> Option<Vec<u8>> {
    let is_gray = matches!(info.color_type, ColorType::Grayscale | ColorType::GrayscaleAlpha);
    if let Some(codes) = info.coding_independent_code_points
        && let Some(transfer) = transfer(codes.transfer_function)
        && let Ok(primaries) = CicpColorPrimaries::try_from(codes.color_primaries)
    {
        return coded(primaries, transfer);
    }
    if let Some(profile) = &info.icc_profile {
        return Some(profile.to_vec());
    }
    if info.srgb.is_some() {
        return None;
    }
    described(
        info.gama_chunk?,
        info.chrm_chunk.map(|said| [said.white, said.red, said.green, said.blue]),
        is_gray,
    )
}

/// The curve of a code point (ITU-T H.273, table 3). The curves of television are taken for that of sRGB, as screens show
/// them. HDR, whose light no curve brings down to what sRGB can show, is not taken.
fn transfer(code: u8) -> Option<TransferCharacteristics> {
    Some(match code {
        1 | 6 | 13..=15 => TransferCharacteristics::Srgb,
        4 => TransferCharacteristics::Bt470M,
        5 => TransferCharacteristics::Bt470Bg,
        8 => TransferCharacteristics::Linear,
        _ => return None,
    })
}

fn coded(primaries: CicpColorPrimaries, transfer: TransferCharacteristics) -> Option<Vec<u8>> {
    if primaries == CicpColorPrimaries::Bt709 && transfer == TransferCharacteristics::Srgb {
        return None;
    }
    let codes = CicpProfile {
        color_primaries: primaries,
        transfer_characteristics: transfer,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    };
    ColorProfile::new_from_cicp(codes).encode().ok()
}

type Point = (ScaledFloat, ScaledFloat);

/// A gamma, and white, red, green and blue.
fn described(gamma: ScaledFloat, primaries: Option<[Point; 4]>, is_gray: bool) -> Option<Vec<u8>> {
    let said = primaries.map(|points| points.map(|(x, y)| (x.into_scaled(), y.into_scaled())));
    let is_near = |one: u32, other: u32| one.abs_diff(other) <= ROUNDING;
    let has_srgb_primaries = said.is_none_or(|points| {
        points.iter().zip(SRGB).all(|(one, other)| is_near(one.0, other.0) && is_near(one.1, other.1))
    });
    if is_near(gamma.into_scaled(), GAMMA_OF_SRGB) && (has_srgb_primaries || is_gray) {
        return None;
    }
    // Beyond these nothing is left to see.
    if !(10_000..=1_000_000).contains(&gamma.into_scaled()) {
        return None;
    }
    let curve = ToneReprCurve::Parametric(vec![1.0 / gamma.into_value()]);
    if is_gray {
        let mut profile = ColorProfile::new_gray_with_gamma(2.2);
        profile.gray_trc = Some(curve);
        return profile.encode().ok();
    }
    let mut profile = ColorProfile::new_srgb();
    profile.cicp = None;
    if let Some(points) = said.filter(|_| !has_srgb_primaries) {
        let is_color = |(x, y): &(u32, u32)| *y > 0 && x.saturating_add(*y) <= 100_000 + ROUNDING;
        if !points.iter().all(is_color) {
            return None;
        }
        let [_, red, green, blue] = points.map(|(x, y)| (f64::from(x), f64::from(y)));
        let area = (green.0 - red.0) * (blue.1 - red.1) - (blue.0 - red.0) * (green.1 - red.1);
        // Of colours in a row nothing can be mixed. The unit is the square of a hundred-thousandth.
        if area.abs() < 1e8 {
            return None;
        }
        let [white, red, green, blue] =
            primaries?.map(|(x, y)| Chromaticity::new(x.into_value(), y.into_value()));
        profile.update_rgb_colorimetry(white.to_xyyb(), ColorPrimaries { red, green, blue });
    }
    let colorants = [profile.red_colorant, profile.green_colorant, profile.blue_colorant];
    if !colorants.iter().all(|color| (color.x + color.y + color.z).is_finite()) {
        return None;
    }
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
    profile.encode().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point((x, y): (u32, u32)) -> Point {
        (ScaledFloat::from_scaled(x), ScaledFloat::from_scaled(y))
    }

    #[test]
    fn the_gamma_and_primaries_of_srgb_are_srgb() {
        let gamma = ScaledFloat::from_scaled;
        assert_eq!(described(gamma(45_455), None, false), None);
        assert_eq!(described(gamma(45_455), Some(SRGB.map(point)), false), None);
        assert_eq!(described(gamma(45_455), None, true), None);
        assert!(described(gamma(100_000), Some(SRGB.map(point)), false).is_some());
        assert!(described(gamma(55_556), None, true).is_some());
    }

    #[test]
    fn nonsense_says_nothing() {
        let gamma = ScaledFloat::from_scaled;
        for value in [0, 1, u32::MAX] {
            assert_eq!(described(gamma(value), None, false), None, "{value}");
        }
        for points in [[(0, 0); 4], [(u32::MAX, u32::MAX); 4], [(30_000, 30_000); 4]] {
            assert_eq!(described(gamma(100_000), Some(points.map(point)), false), None, "{points:?}");
        }
    }
}
