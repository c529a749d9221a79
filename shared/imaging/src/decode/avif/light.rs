//! What colours mean where no ICC profile says it (ITU-T H.273, 8.1 and 8.2): other primaries than those of sRGB become a
//! profile, and the light of HDR is mapped to what a screen of sRGB can show.

use moxcms::{CicpColorPrimaries, CicpProfile, ColorProfile, MatrixCoefficients, TransferCharacteristics};

use crate::source::avif::{Coding, UNSPECIFIED};

/// Numbers of transfer characteristics.
const PQ: u16 = 16;
const HLG: u16 = 18;

/// The white of a page on an HDR screen, in cd/m² (ITU-R BT.2408, 5.1). It becomes the white of sRGB.
const REFERENCE_WHITE: f32 = 203.0;
/// The brightest light that is told from white: what HDR pictures are made for nearly always.
const PEAK: f32 = 1000.0;
/// Up to here, as a share of white, light stays as it is; above it is compressed.
const KNEE: f32 = 0.6;

/// The profile of colours that are not those of sRGB, for pictures of ordinary brightness.
///
/// The curves of television (BT.601, BT.709 and BT.2020) are taken for that of sRGB, as all browsers do: what is meant is
/// how a screen shows it.
pub(super) fn profile(coding: Coding) -> Option<Vec<u8>> {
    let transfer = match coding.transfer {
        4 => TransferCharacteristics::Bt470M,
        5 => TransferCharacteristics::Bt470Bg,
        8 => TransferCharacteristics::Linear,
        _ => TransferCharacteristics::Srgb,
    };
    let is_srgb = matches!(coding.primaries, 0 | 1 | UNSPECIFIED | 3);
    if is_srgb && transfer == TransferCharacteristics::Srgb {
        return None;
    }
    let color_primaries = match u8::try_from(coding.primaries).ok()? {
        _ if is_srgb => CicpColorPrimaries::Bt709,
        number => CicpColorPrimaries::try_from(number).ok()?,
    };
    let described = ColorProfile::new_from_cicp(CicpProfile {
        color_primaries,
        transfer_characteristics: transfer,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    });
    described.encode().ok()
}

/// From HDR of 16 bits to sRGB of 8.
pub(super) struct ToneMap {
    /// Light, as a share of reference white, by the upper 12 bits of a sample.
    light: Vec<f32>,
    /// From the light of the source's primaries to that of sRGB's.
    to_srgb: [[f32; 3]; 3],
    /// sRGB by the upper bits of light.
    encoded: Vec<u8>,
    hlg: bool,
}

const LIGHT_BITS: u32 = 12;
const ENCODED_STEPS: u16 = 4095;

impl ToneMap {
    /// `None` for pictures of ordinary brightness.
    pub(super) fn new(coding: Coding) -> Option<Self> {
        let hlg = match coding.transfer {
            PQ => false,
            HLG => true,
            _ => return None,
        };
        let steps = 1_u16 << LIGHT_BITS;
        let light = (0..steps).map(|step| {
            let signal = f32::from(step) / f32::from(steps - 1);
            if hlg { hlg_scene_light(signal) } else { pq_light(signal) / REFERENCE_WHITE }
        });
        let encoded = (0..=ENCODED_STEPS).map(|step| srgb(f32::from(step) / f32::from(ENCODED_STEPS)));
        Some(Self {
            light: light.collect(),
            to_srgb: to_srgb(coding.primaries),
            encoded: encoded.collect(),
            hlg,
        })
    }

    /// Maps a colour of 16 bits.
    pub(super) fn map(&self, color: [i32; 3]) -> [u8; 3] {
        let mut light = color.map(|sample| {
            let index = usize::try_from(sample >> (16 - LIGHT_BITS)).unwrap_or_default();
            self.light.get(index).copied().unwrap_or_default()
        });
        if self.hlg {
            // The system gamma for a screen of 1000 cd/m² is 1.2 (BT.2100, table 5, note 5f).
            let luminance = 0.2627 * light[0] + 0.6780 * light[1] + 0.0593 * light[2];
            let gain = luminance.powf(0.2) * (PEAK / REFERENCE_WHITE);
            light = light.map(|share| share * gain);
        }
        // All three by one factor, from the brightest of them, so that the hue stays.
        let brightest = light[0].max(light[1]).max(light[2]);
        let factor = if brightest > KNEE { compressed(brightest) / brightest } else { 1.0 };
        self.to_srgb.map(|row| {
            let share = (row[0] * light[0] + row[1] * light[1] + row[2] * light[2]) * factor;
            self.encode(share)
        })
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped just before")]
    fn encode(&self, share: f32) -> u8 {
        let step = (share.clamp(0.0, 1.0) * f32::from(ENCODED_STEPS) + 0.5) as usize;
        self.encoded.get(step).copied().unwrap_or(u8::MAX)
    }
}

/// Light above the knee, bent so that the peak is white: a straight line up to the knee, and from there a curve that leaves
/// it with the same slope.
fn compressed(share: f32) -> f32 {
    let room = 1.0 - KNEE;
    let over = (share - KNEE) / room;
    let most = (PEAK / REFERENCE_WHITE - KNEE) / room;
    // Reinhard's curve, extended so that `most` becomes 1.
    KNEE + room * (over * (1.0 + over / (most * most)) / (1.0 + over)).min(1.0)
}

/// The light of a PQ signal, in cd/m² (SMPTE ST 2084).
fn pq_light(signal: f32) -> f32 {
    let (m1, m2) = (2610.0 / 16384.0, 2523.0 / 4096.0 * 128.0);
    let (c1, c2, c3) = (3424.0 / 4096.0, 2413.0 / 4096.0 * 32.0, 2392.0 / 4096.0 * 32.0);
    let power = signal.powf(1.0 / m2);
    10_000.0 * ((power - c1).max(0.0) / (c2 - c3 * power)).powf(1.0 / m1)
}

/// The light in front of the camera of an HLG signal, 0 to 1 (BT.2100, table 5).
fn hlg_scene_light(signal: f32) -> f32 {
    let (a, b, c) = (0.178_832_77, 0.284_668_92, 0.559_910_7);
    if signal <= 0.5 { signal * signal / 3.0 } else { (((signal - c) / a).exp() + b) / 12.0 }
}

/// From light to sRGB (IEC 61966-2-1).
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 255")]
fn srgb(share: f32) -> u8 {
    let curved = if share <= 0.003_130_8 { share * 12.92 } else { 1.055 * share.powf(1.0 / 2.4) - 0.055 };
    (curved * 255.0).round() as u8
}

/// From the light of some primaries to that of sRGB's; all have the white of D65.
fn to_srgb(primaries: u16) -> [[f32; 3]; 3] {
    match primaries {
        // ITU-R BT.2087, annex 1, and its like for P3.
        9 => [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
        12 => [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]],
        _ => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coding(primaries: u16, transfer: u16) -> Coding {
        Coding { primaries, transfer, matrix: 9, full_range: true }
    }

    #[test]
    fn only_other_colors_than_srgb_have_a_profile() {
        for ordinary in [(1, 13), (2, 2), (1, 1), (1, 6)] {
            assert_eq!(profile(coding(ordinary.0, ordinary.1)), None);
        }
        for other in [(12, 13), (9, 14), (1, 8), (5, 13)] {
            let profile = profile(coding(other.0, other.1)).unwrap();
            assert!(ColorProfile::new_from_slice(&profile).is_ok(), "{other:?}");
        }
    }

    #[test]
    fn ordinary_brightness_is_not_mapped() {
        assert!(ToneMap::new(coding(9, 14)).is_none());
    }

    /// The signal of PQ for 203 cd/m² is 58 %, for 1000 it is 75 %; that of HLG for reference white is 75 % (BT.2408,
    /// table 1).
    #[test]
    fn black_stays_black_white_is_bright_and_the_peak_is_white() {
        let signal = |thousandths: i32| [thousandths * 65_535 / 1000; 3];
        let pq = ToneMap::new(coding(9, PQ)).unwrap();
        assert_eq!(pq.map(signal(0)), [0; 3]);
        assert!(pq.map(signal(581))[0] > 210, "{:?}", pq.map(signal(581)));
        assert!(pq.map(signal(752))[0] >= 254, "{:?}", pq.map(signal(752)));
        assert_eq!(pq.map(signal(1000)), [255; 3]);
        let hlg = ToneMap::new(coding(9, HLG)).unwrap();
        assert_eq!(hlg.map(signal(0)), [0; 3]);
        assert!((205..=235).contains(&hlg.map(signal(750))[0]), "{:?}", hlg.map(signal(750)));
        assert_eq!(hlg.map(signal(1000)), [255; 3]);
    }

    #[test]
    fn brighter_never_becomes_darker_and_grey_stays_grey() {
        for transfer in [PQ, HLG] {
            let map = ToneMap::new(coding(9, transfer)).unwrap();
            let mut before = 0;
            for step in 0..256 {
                let [red, green, blue] = map.map([step * 257; 3]);
                assert!(red >= before && red.abs_diff(green) <= 1 && green.abs_diff(blue) <= 1);
                before = red;
            }
        }
    }
}
