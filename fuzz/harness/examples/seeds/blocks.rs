//! EXIF blocks and ICC profiles, each for every carrier.

use moxcms::{ColorProfile, ToneReprCurve};

use crate::pictures::exif;

pub fn display_p3() -> Vec<u8> {
    ColorProfile::new_display_p3().encode().unwrap()
}

/// Inputs of the target `metadata`: a block, and the number of its carrier.
pub fn all() -> Vec<Vec<u8>> {
    let mut linear = ColorProfile::new_srgb();
    linear.cicp = None;
    for curve in [&mut linear.red_trc, &mut linear.green_trc, &mut linear.blue_trc] {
        *curve = Some(ToneReprCurve::Lut(vec![0, 9000, 30_000, 65_535]));
    }
    let of_colors = [
        display_p3(),
        ColorProfile::new_adobe_rgb().encode().unwrap(),
        ColorProfile::new_srgb().encode().unwrap(),
        linear.encode().unwrap(),
    ];
    let of_greys = [ColorProfile::new_gray_with_gamma(1.8).encode().unwrap()];
    let mut all = Vec::new();
    let mut carry = |block: &[u8], carriers: &[u8]| {
        all.extend(carriers.iter().map(|carrier| [block, &[*carrier]].concat()));
    };
    for profile in &of_greys {
        carry(profile, &[0, 1, 4, 5]);
    }
    for profile in &of_colors {
        carry(profile, &[2, 3, 4, 5, 9, 11, 12, 14]);
    }
    carry(&inks(), &[6, 7]);
    for orientation in [1, 3, 6, 8] {
        carry(&exif(orientation), &[8, 10, 13]);
    }
    carry(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x05\0\0\0\0\0\0", &[8, 10, 13]);
    carry(b"\xFF\xD8\xFF\xC0\0\x0B\x08\0\x10\0\x10\x01\x01\x11\0", &[15]);
    all
}

/// A profile of four inks with the smallest table there can be (ICC.1, `lut8Type`): two steps of each.
fn inks() -> Vec<u8> {
    let mut table = b"mft1\0\0\0\0\x04\x03\x02\0".to_vec();
    table.extend([1_u32 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 16].map(u32::to_be_bytes).concat());
    table.extend((0..4).flat_map(|_| 0..=255_u8));
    table.extend((0..16_u8).flat_map(|mixture| [255 - mixture * 15, 128 + mixture, 128 - mixture]));
    table.extend((0..3).flat_map(|_| 0..=255_u8));
    let mut profile = vec![0; 128];
    profile[8..12].copy_from_slice(&[2, 0x40, 0, 0]);
    profile[12..16].copy_from_slice(b"prtr");
    profile[16..20].copy_from_slice(b"CMYK");
    profile[20..24].copy_from_slice(b"Lab ");
    profile[36..40].copy_from_slice(b"acsp");
    profile[68..80].copy_from_slice(&[0, 0, 0xF6, 0xD6, 0, 1, 0, 0, 0, 0, 0xD3, 0x2D]);
    profile.extend(1_u32.to_be_bytes());
    profile.extend(b"A2B0");
    profile.extend([144_u32, table.len() as u32].map(u32::to_be_bytes).concat());
    profile.extend(table);
    let length = (profile.len() as u32).to_be_bytes();
    profile[..4].copy_from_slice(&length);
    profile
}
