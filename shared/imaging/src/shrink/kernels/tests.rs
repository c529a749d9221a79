//! The loops of this CPU beside the portable ones.

use super::*;

/// A xorshift generator: noise that is the same in every run. Every other stretch is of extremes, where sums overflow first.
fn noise(seed: u64) -> impl FnMut() -> u8 {
    let mut state = seed | 1;
    let mut count = 0_u32;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        count += 1;
        let value = state.to_le_bytes()[4];
        if (count / 64).is_multiple_of(2) { value } else { (value >> 7) * 255 }
    }
}

#[test]
fn every_size_is_made_alike_on_every_cpu() {
    let mut next = noise(1);
    for channels in [1, 3, 4] {
        for (source, target) in [(1, 1), (2, 5), (7, 3), (100, 99), (333, 40), (64, 64), (900, 2)] {
            let length = f64::from(source);
            let down = Weights::new(source, 0.0, length, target, GRID_DOWN);
            let across = Weights::new(source, 0.0, length, target, GRID_ACROSS);
            let width = (source as usize).max(across.reach()).next_multiple_of(BLOCK);
            let (apart, target) = (width * channels, target as usize);
            // More rows than the filter reaches over, for as many lines as are made together.
            let rows: Vec<Vec<u8>> = (0..down.taps() + LINES - 1)
                .map(|_| (0..source as usize * channels).map(|_| next()).collect())
                .collect();
            let made = |kernels: &Kernels| {
                let mut ring = Ring::new(rows.len(), apart);
                for (index, row) in rows.iter().enumerate() {
                    (kernels.split)(row, channels, ring.place(index), width);
                }
                let mut lines = vec![0; apart * LINES];
                for (first, line) in lines.chunks_mut(apart).enumerate() {
                    (kernels.down)(&ring, first, down.of(0).1, line);
                }
                let mut planes = vec![vec![0; target * channels]; LINES];
                let mut turned = vec![0; width * LINES];
                for channel in 0..channels {
                    let plane = Lines { samples: &lines[channel * width..], apart, width };
                    let mut made = planes.iter_mut().map(|planes| &mut planes[channel * target..][..target]);
                    let made = std::array::from_fn(|_| made.next().unwrap());
                    (kernels.across)(plane, &mut turned, &across, made);
                }
                let mut pixels = vec![vec![0; target * channels]; LINES];
                for (planes, pixels) in planes.iter().zip(&mut pixels) {
                    (kernels.join)(planes, target, channels, pixels);
                }
                (lines, pixels)
            };
            let portable = made(&Kernels::PORTABLE);
            assert!(portable == made(&Kernels::of_this_cpu()), "{channels} channels, {source} to {target}");
        }
    }
}

#[test]
fn what_is_split_and_joined_is_what_it_was() {
    let mut next = noise(2);
    for channels in [1, 3, 4] {
        for width in [1, 15, 16, 31, 32, 33, 100] {
            let row: Vec<u8> = (0..width * channels).map(|_| next()).collect();
            for kernels in [Kernels::PORTABLE, Kernels::of_this_cpu()] {
                let (mut planes, mut joined) = (vec![0; 100 * channels], vec![0; row.len()]);
                (kernels.split)(&row, channels, &mut planes, 100);
                assert_eq!(planes[0], row[0]);
                assert_eq!(planes[(channels - 1) * 100], row[channels - 1]);
                (kernels.join)(&planes, 100, channels, &mut joined);
                assert_eq!(joined, row);
            }
        }
    }
}
