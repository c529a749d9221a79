//! Decoding holds no more than it said beforehand, which follows the size of the result and not that of the picture.
#![allow(clippy::unwrap_used)]
#![allow(unsafe_code)] // An allocator that counts.

mod pictures;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use jpeg_encoder::{ColorType, SamplingFactor};
use pictures::{Kind, encode};
use thumbline_jpeg::{Decoder, Error, Options, Scale};

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
fn held(jpeg: &[u8], scale: Scale) -> (u64, u64) {
    let decoder = Decoder::with_options(jpeg, Options::default()).unwrap();
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
    let mut sequential = Vec::new();
    for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_2, SamplingFactor::F_4_1] {
        for progressive in [false, true] {
            let kind = Kind { sampling, progressive, ..Kind::PLAIN };
            let jpeg = encode(&pixels, size, ColorType::Rgb, kind);
            for scale in (1..=8).filter_map(Scale::eighths) {
                let (peak, said) = held(&jpeg, scale);
                assert!(peak <= said, "{peak} bytes, not {said}: {kind:?} {scale:?}");
                if !progressive {
                    assert!(said < peak + (3 << 19), "{peak} bytes, far from {said}: {kind:?} {scale:?}");
                    sequential.push(peak);
                }
            }
        }
    }
    // The picture has 11.5 million bytes.
    assert!(sequential.iter().all(|&peak| peak < 1 << 20), "{sequential:?}");
}
