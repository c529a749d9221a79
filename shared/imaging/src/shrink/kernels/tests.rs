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
            let weights = Weights::new(source, 0.0, f64::from(source), target, TAPS_ACROSS);
            let apart = (source as usize).max(weights.taps()).next_multiple_of(BLOCK);
            let rows: Vec<Vec<u8>> = (0..weights.taps())
                .map(|_| (0..source as usize * channels).map(|_| next()).collect())
                .collect();
            let made = |kernels: &Kernels| {
                let mut ring = Ring::new(rows.len(), apart * channels);
                for (index, row) in rows.iter().enumerate() {
                    (kernels.split)(row, channels, ring.place(index), apart);
                }
                let mut line = vec![0; apart * channels];
                (kernels.down)(&ring, 0, weights.of(0).1, &mut line);
                let mut planes = vec![0; target as usize * channels];
                for (plane, made) in line.chunks(apart).zip(planes.chunks_mut(target as usize)) {
                    (kernels.across)(plane, &weights, made);
                }
                let mut pixels = vec![0; planes.len()];
                (kernels.join)(&planes, target as usize, channels, &mut pixels);
                (line, pixels)
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
