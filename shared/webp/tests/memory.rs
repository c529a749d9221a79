//! Encoding holds what the documentation says: planes, and what the file's coefficients take.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]
#![allow(unsafe_code)] // An allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use thumbline_webp::{Channels, Encoder, Picture};

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

const SIZE: (u32, u32) = (1280, 960);

fn grain(x: u32, y: u32) -> u32 {
    let mixed = (x + y * 5_003).wrapping_mul(2_654_435_761);
    (mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519) >> 24
}

/// How many bytes encoding held at most, besides the pixels, and how many the file has.
fn held(quality: u8, content: impl Fn(u32, u32) -> u32) -> (usize, usize) {
    let places = (0..SIZE.1).flat_map(|y| (0..SIZE.0).map(move |x| (x, y)));
    let pixels: Vec<u8> = places.flat_map(|(x, y)| [content(x, y) as u8; 3]).collect();
    let picture = Picture::new(SIZE.0, SIZE.1, Channels::Rgb, &pixels).unwrap();
    let encoder = Encoder::new(quality).unwrap();
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let file = encoder.encode(&picture).unwrap();
    (PEAK.load(Ordering::Relaxed) - before, file.len())
}

// One test, for all threads count together.
#[test]
fn encoding_holds_little_more_than_the_planes() {
    let pixels = (SIZE.0 * SIZE.1) as usize;
    let (peak, bytes) = held(75, |x, y| (x / 5 + y / 4 + (grain(x, y) >> 4)) % 256);
    println!("textured: {peak} bytes for a file of {bytes}");
    assert!(peak < pixels * 3 / 2 + bytes * 6 + 300_000, "{peak} bytes for a file of {bytes}");
    // The worst: noise, at the highest quality. A caller may count on it.
    let (peak, bytes) = held(100, grain);
    println!("noise: {peak} bytes for a file of {bytes}");
    assert!(peak < pixels * 12, "{peak} bytes for a file of {bytes}");
}
