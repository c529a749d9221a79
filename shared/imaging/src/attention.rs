//! Where a person would look first: the measure behind [`Position::Attention`](crate::Position::Attention).
//!
//! People look at faces, at what has another colour than the rest, and at edges; not at skies, walls and blown-out windows.
//! So each pixel of a small copy gets a weight, in whole numbers, so that every machine finds the same:
//!
//! - **detail**: the gradient of luminance, above a floor for noise and below a ceiling, so that one hard edge does not
//!   outweigh a face;
//! - **rarity**: how far its colour is from the picture's mean, after R. Achanta et al., "Frequency-tuned salient region
//!   detection", 2009;
//! - **colour**: saturation, as far as it is rare: a blue sky is as saturated as a balloon in it;
//! - **skin**: how near its chroma is to that of skin, which has much the same Cb and Cr whatever its lightness: D. Chai and
//!   K. N. Ngan, "Face segmentation using skin-color map", 1999;
//! - all of it less where it is nearly black or white, or transparent.
//!
//! The window with the most weight is sought through a summed-area table (F. Crow, 1984). Weight near the middle of a window
//! counts up to three times, so that what was found is not cut at the edge. Windows that are nearly as good as the best are
//! taken for equal, and of those the one that is nearest to the middle of the picture is kept.

// Sides are at most MAP_SIDE pixels here, and samples a byte.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)]

use crate::header::Size;
use crate::raster::{Channels, Raster};

/// The longest side of the copy that is looked at, in pixels.
const MAP_SIDE: u32 = 160;
/// Gradients below are noise and soft shade.
const DETAIL_FLOOR: i32 = 8;
/// Gradients above are no more interesting.
const DETAIL_CEILING: i32 = 96;
/// The chroma of skin, and how far from it the likelihood reaches zero: the middles and halves of the ranges in Chai and
/// Ngan, a quarter wider since the ends fade out here.
const SKIN: [(i32, i32); 2] = [(102, 32), (153, 25)];
/// The weight of what is certainly skin. Detail, rarity and colour rarely reach this together.
const SKIN_WEIGHT: i32 = 256;
/// A window within this share of the best is as good: 1/256. Less is noise of the resizing.
const TIE: u64 = 256;

/// The size of the copy to look at, for a picture of this size.
pub(crate) fn map_size(picture: Size) -> Size {
    let longest = u64::from(picture.width.max(picture.height));
    let most = u64::from(MAP_SIDE).min(longest);
    let side = |side: u32| ((u64::from(side) * most + longest / 2) / longest.max(1)).max(1) as u32;
    Size::new(side(picture.width), side(picture.height))
}

/// Where a window of `shown` lies best in a picture of `picture`, of which `map` is a small copy: left and top, in the
/// picture's pixels.
pub(crate) fn seek(map: &Raster, picture: Size, shown: Size) -> (u32, u32) {
    let on_map = |shown: u32, side: u32, map: u32| {
        let window = (u64::from(shown) * u64::from(map) + u64::from(side) / 2) / u64::from(side.max(1));
        window.clamp(1, u64::from(map)) as u32
    };
    let window = Size::new(
        on_map(shown.width, picture.width, map.size.width),
        on_map(shown.height, picture.height, map.size.height),
    );
    let (left, top) = Table::new(map.size, &weights(map)).best(window);
    // The share of what is left over, so that the ends of the map are those of the picture.
    let back = |offset: u32, left_over: u32, on_map: u32| {
        if on_map == 0 {
            left_over / 2
        } else {
            let share = u64::from(offset) * u64::from(left_over) + u64::from(on_map) / 2;
            (share / u64::from(on_map)) as u32
        }
    };
    (
        back(left, picture.width.saturating_sub(shown.width), map.size.width - window.width),
        back(top, picture.height.saturating_sub(shown.height), map.size.height - window.height),
    )
}

/// A pixel as the measure sees it: ITU-T T.871 luminance and chroma, 0 to 255.
#[derive(Clone, Copy)]
struct Seen {
    luma: i32,
    cb: i32,
    cr: i32,
    saturation: i32,
    alpha: i32,
}

fn weights(map: &Raster) -> Vec<u32> {
    let seen = look(map);
    let (width, height) = (map.size.width as usize, map.size.height as usize);
    let count = seen.len().max(1) as i64;
    let mean =
        |of: fn(&Seen) -> i32| (seen.iter().map(|pixel| i64::from(of(pixel))).sum::<i64>() / count) as i32;
    let (luma, cb, cr) = (mean(|pixel| pixel.luma), mean(|pixel| pixel.cb), mean(|pixel| pixel.cr));
    let at = |x: usize, y: usize| seen[y.min(height - 1) * width + x.min(width - 1)];
    let mut weights = Vec::with_capacity(seen.len());
    for y in 0..height {
        for x in 0..width {
            let pixel = at(x, y);
            let across = at(x + 1, y).luma - at(x.saturating_sub(1), y).luma;
            let down = at(x, y + 1).luma - at(x, y.saturating_sub(1)).luma;
            let gradient = across.abs() + down.abs();
            let detail = (gradient - DETAIL_FLOOR).clamp(0, DETAIL_CEILING);
            let apart = (pixel.luma - luma).abs() / 2 + (pixel.cb - cb).abs() + (pixel.cr - cr).abs();
            let rarity = apart.min(128);
            let color = pixel.saturation * rarity / 128;
            let weight = detail + rarity + color / 2 + skin(pixel);
            weights.push((weight * exposure(pixel.luma) * pixel.alpha / (256 * 255)) as u32);
        }
    }
    weights
}

/// Luminance and chroma of each pixel; what is transparent is laid on middle grey, where it draws least attention.
fn look(map: &Raster) -> Vec<Seen> {
    let see = |[r, g, b, a]: [u8; 4]| {
        let behind = (255 - i32::from(a)) / 2;
        let [r, g, b] = [r, g, b].map(|color| (i32::from(color) + behind).min(255));
        Seen {
            luma: (77 * r + 150 * g + 29 * b) >> 8,
            cb: 128 + ((-43 * r - 85 * g + 128 * b) >> 8),
            cr: 128 + ((128 * r - 107 * g - 21 * b) >> 8),
            saturation: r.max(g).max(b) - r.min(g).min(b),
            alpha: i32::from(a),
        }
    };
    match map.channels {
        Channels::Gray => map.pixels.iter().map(|&gray| see([gray, gray, gray, u8::MAX])).collect(),
        Channels::Rgb => {
            map.pixels.as_chunks::<3>().0.iter().map(|&[r, g, b]| see([r, g, b, u8::MAX])).collect()
        }
        Channels::Rgba => map.pixels.as_chunks::<4>().0.iter().map(|&pixel| see(pixel)).collect(),
    }
}

/// [`SKIN_WEIGHT`] at the middle of skin's chroma, falling to nothing at its ends.
fn skin(pixel: Seen) -> i32 {
    let near =
        |value: i32, (middle, reach): (i32, i32)| (reach - (value - middle).abs()).max(0) * 256 / reach;
    let near = near(pixel.cb, SKIN[0]) * near(pixel.cr, SKIN[1]) / 256;
    // Half way to the middle of the ranges is skin already: they are ranges and not a colour.
    (near * 2).min(256) * SKIN_WEIGHT / 256
}

/// 256ths that remain of a weight: all of it, but for the last 24 steps towards black and white.
fn exposure(luma: i32) -> i32 {
    32 + 224 * luma.min(255 - luma).clamp(0, 24) / 24
}

/// Sums of weights above and to the left of each point.
struct Table {
    size: Size,
    sums: Vec<u64>,
}

impl Table {
    fn new(size: Size, weights: &[u32]) -> Self {
        let (width, stride) = (size.width as usize, size.width as usize + 1);
        let mut sums = vec![0; stride * (size.height as usize + 1)];
        for (y, row) in weights.chunks_exact(width).enumerate() {
            let mut in_row = 0;
            for (x, weight) in row.iter().enumerate() {
                in_row += u64::from(*weight);
                sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + in_row;
            }
        }
        Self { size, sums }
    }

    /// The weight within a window.
    fn sum(&self, left: u32, top: u32, window: Size) -> u64 {
        let stride = self.size.width as usize + 1;
        let at = |x: u32, y: u32| self.sums[y as usize * stride + x as usize];
        let (right, bottom) = (left + window.width, top + window.height);
        at(right, bottom) + at(left, top) - at(left, bottom) - at(right, top)
    }

    /// The weight within a window, that in its inner two thirds once more, and that in its innermost third a third time:
    /// thirds in the directions in which it can be moved.
    fn worth(&self, left: u32, top: u32, window: Size) -> u64 {
        let inset = |sixths: u32, side: u32, of: u32| if side < of { side * sixths / 6 } else { 0 };
        let inner = |sixths: u32| {
            let x = inset(sixths, window.width, self.size.width);
            let y = inset(sixths, window.height, self.size.height);
            self.sum(left + x, top + y, Size::new(window.width - 2 * x, window.height - 2 * y))
        };
        inner(0) + inner(1) + inner(2)
    }

    /// The best place for a window.
    fn best(&self, window: Size) -> (u32, u32) {
        let over = Size::new(self.size.width - window.width, self.size.height - window.height);
        let places = || (0..=over.height).flat_map(|top| (0..=over.width).map(move |left| (left, top)));
        let worth = |(left, top)| self.worth(left, top, window);
        let best = places().map(worth).max().unwrap_or_default();
        let enough = best - best / TIE;
        // Twice the distance, so that the middle of an odd number of places is one.
        let from_middle = |(left, top): (u32, u32)| {
            (2 * left).abs_diff(over.width).pow(2) + (2 * top).abs_diff(over.height).pow(2)
        };
        let ties = places().filter(|place| worth(*place) >= enough);
        ties.min_by_key(|place| from_middle(*place)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRAY: [u8; 3] = [120, 125, 130];
    const RED: [u8; 3] = [210, 30, 40];
    const FACE: [u8; 3] = [214, 160, 130];

    fn picture(width: u32, height: u32, color: impl Fn(u32, u32) -> [u8; 3]) -> Raster {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let pixels = pixels.flat_map(|(x, y)| color(x, y)).collect();
        Raster { size: Size::new(width, height), channels: Channels::Rgb, pixels }
    }

    fn within(x: u32, y: u32, centre: (u32, u32), radius: u32) -> bool {
        x.abs_diff(centre.0).pow(2) + y.abs_diff(centre.1).pow(2) <= radius.pow(2)
    }

    fn texture(x: u32, y: u32) -> [u8; 3] {
        let grain =
            (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(2_246_822_519)).wrapping_mul(3_266_489_917);
        [80 + (grain >> 26) as u8; 3]
    }

    #[test]
    fn a_subject_is_found_wherever_it_is() {
        let size = Size::new(160, 120);
        for centre in [(12, 12), (80, 12), (147, 12), (12, 60), (80, 60), (147, 60), (12, 107), (147, 107)] {
            let map = picture(160, 120, |x, y| if within(x, y, centre, 9) { RED } else { GRAY });
            for shown in [Size::new(60, 120), Size::new(160, 40), Size::new(60, 60), Size::new(30, 40)] {
                let (left, top) = seek(&map, size, shown);
                let has = |from: u32, length: u32, at: u32| from <= at - 9 && at + 9 <= from + length;
                assert!(has(left, shown.width, centre.0), "{centre:?} in {shown}: {left}");
                assert!(has(top, shown.height, centre.1), "{centre:?} in {shown}: {top}");
            }
        }
    }

    #[test]
    fn what_was_found_lies_in_the_middle_where_there_is_room() {
        let map = picture(160, 90, |x, y| if within(x, y, (110, 45), 8) { RED } else { GRAY });
        let (left, _) = seek(&map, map.size, Size::new(90, 90));
        assert!((110 - 15..=110 + 15).contains(&(left + 45)), "{left}");
    }

    #[test]
    fn a_face_is_worth_more_than_as_much_texture() {
        for (face, leaves) in [((30, 50), (130, 50)), ((130, 50), (30, 50))] {
            let map = picture(160, 100, |x, y| {
                if within(x, y, face, 22) {
                    FACE
                } else if within(x, y, leaves, 22) {
                    texture(x, y)
                } else {
                    GRAY
                }
            });
            let (left, _) = seek(&map, map.size, Size::new(70, 100));
            assert!(left <= face.0 - 22 && face.0 + 22 <= left + 70, "{face:?}: {left}");
        }
        // But a spot of skin's colour does not outweigh all detail.
        let map = picture(160, 100, |x, y| match () {
            () if within(x, y, (20, 50), 3) => FACE,
            () if within(x, y, (120, 50), 30) => texture(x, y),
            () => GRAY,
        });
        assert!(seek(&map, map.size, Size::new(70, 100)).0 > 70);
    }

    #[test]
    fn a_blown_out_window_draws_less_than_what_is_in_the_room() {
        let map = picture(160, 100, |x, y| match () {
            () if x < 60 => [254; 3],
            () if within(x, y, (125, 50), 15) => texture(x, y),
            () => [60; 3],
        });
        assert!(seek(&map, map.size, Size::new(60, 100)).0 > 70);
    }

    #[test]
    fn where_nothing_stands_out_the_middle_is_kept() {
        let plain = picture(160, 101, |_, _| GRAY);
        assert_eq!(seek(&plain, plain.size, Size::new(100, 101)), (30, 0));
        // Alike on both sides, with three subjects.
        let three = [(50, 50), (80, 50), (110, 50)];
        let alike =
            picture(
                161,
                101,
                |x, y| {
                    if three.iter().any(|centre| within(x, y, *centre, 9)) { RED } else { GRAY }
                },
            );
        assert_eq!(seek(&alike, alike.size, Size::new(101, 101)), (30, 0));
        let middle = picture(100, 160, |x, y| if within(x, y, (50, 80), 9) { RED } else { GRAY });
        let (_, top) = seek(&middle, middle.size, Size::new(100, 100));
        assert!(top.abs_diff(30) <= 1, "{top}");
    }

    #[test]
    fn what_cannot_be_seen_draws_no_attention() {
        let mut map = picture(160, 100, |x, y| if within(x, y, (30, 50), 9) { RED } else { GRAY });
        map.channels = Channels::Rgba;
        // Colours are multiplied by alpha: transparent ones are black. A faint subject is left at the right.
        map.pixels = (0..100 * 160_u32)
            .flat_map(|index| {
                let within = within(index % 160, index / 160, (130, 50), 9);
                if within { [160, 40, 40, 255] } else { [0; 4] }
            })
            .collect();
        assert!(seek(&map, map.size, Size::new(60, 100)).0 > 80);
    }

    #[test]
    fn places_on_the_map_are_places_in_the_picture() {
        let map = picture(160, 40, |x, y| if within(x, y, (150, 20), 9) { RED } else { GRAY });
        let (left, top) = seek(&map, Size::new(4000, 1000), Size::new(1000, 1000));
        assert_eq!((left, top), (3000, 0));
        assert_eq!(map_size(Size::new(4000, 1000)), Size::new(160, 40));
        assert_eq!(map_size(Size::new(1, 20_000)), Size::new(1, 160));
        assert_eq!(map_size(Size::new(30, 20)), Size::new(30, 20));
    }
}
