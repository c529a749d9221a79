//! Decoding holds no more than it said beforehand, which follows the size of the result and not that of the picture.
#![allow(clippy::unwrap_used)]
#![allow(unsafe_code)] // An allocator that counts.

mod pictures;
mod writer;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use jpeg_encoder::{ColorType, SamplingFactor};
use pictures::{Kind, encode};
use thumbline_jpeg::{Decoder, Error, Options, Scale};
use writer::{Component, Picture, Scan};

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(held, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many bytes decoding held at most, and how many it said.
fn held(jpeg: &[u8], scale: Scale, max_scans: usize) -> (u64, u64) {
    let options = Options { max_scans, ..Options::default() };
    let decoder = Decoder::with_options(jpeg, options).unwrap();
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    decoder.decode(scale, |_| Ok::<_, Error>(())).unwrap();
    let peak = PEAK.load(Ordering::Relaxed) - before;
    (peak as u64, decoder.working_bytes(scale))
}

// One test, for all threads count together.
#[test]
fn decoding_holds_what_it_said() {
    let size = (2400, 1600);
    let pixels = pictures::smooth(size);
    let mut peaks = Vec::new();
    for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_2, SamplingFactor::F_4_1] {
        for progressive in [false, true] {
            let kind = Kind { sampling, progressive, ..Kind::PLAIN };
            let jpeg = encode(&pixels, size, ColorType::Rgb, kind);
            for scale in (1..=8).filter_map(Scale::eighths) {
                // This encoder writes fewer.
                let (peak, said) = held(&jpeg, scale, 16);
                assert!(peak <= said, "{peak} bytes, not {said}: {kind:?} {scale:?}");
                assert!(said < peak + (3 << 19), "{peak} bytes, far from {said}: {kind:?} {scale:?}");
                peaks.push(peak);
            }
        }
    }
    // The picture has 11.5 million bytes, and as many coefficients.
    assert!(peaks.iter().all(|&peak| peak < 3 << 19), "{peaks:?}");

    reading_holds_no_more_than_pieces();

    let jpeg = of_many_scans();
    for scale in (1..=8).filter_map(Scale::eighths) {
        let (peak, said) = held(&jpeg, scale, 400);
        assert!(peak <= said, "{peak} bytes, not {said}: many scans, {scale:?}");
    }
}

/// Of a file that is read as it is decoded: what is at hand at once, and as much again while it moves.
fn reading_holds_no_more_than_pieces() {
    let size = (1200, 900);
    let kind = Kind { quality: 98, ..Kind::PLAIN };
    let jpeg = encode(&pictures::grain(size), size, ColorType::Rgb, kind);
    assert!(jpeg.len() > 1_000_000, "{}", jpeg.len());
    let (front, mut rest) = jpeg.split_at(2000);
    let decoder = Decoder::new(front).unwrap();
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    decoder.decode_on(Scale::FULL, &mut rest, |_| Ok::<_, Error>(())).unwrap();
    let peak = (PEAK.load(Ordering::Relaxed) - before) as u64;
    let most = decoder.working_bytes(Scale::FULL) + (4 << 16);
    assert!(peak < most, "{peak} bytes, and {} of the file", jpeg.len());
}

/// Coefficient by coefficient, a bit at a time, with tables of their own for each scan.
fn of_many_scans() -> Vec<u8> {
    let component =
        Component { id: 1, across: 1, down: 1, step: 1, blocks_wide: 2, blocks: vec![[3; 64]; 4] };
    let components = [component];
    let picture = Picture { tables_for_each_scan: true, ..Picture::new((16, 16), &components) };
    let mut scans = vec![Scan::progressive(&[0], (0, 0), 0, 0)];
    for place in 1..64 {
        scans.push(Scan::progressive(&[0], (place, place), 0, 5));
        scans.extend((0..5).rev().map(|low| Scan::progressive(&[0], (place, place), low + 1, low)));
    }
    picture.write(0xC2, &scans)
}
