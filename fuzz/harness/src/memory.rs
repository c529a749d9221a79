//! How much memory is held, and how much of it was at most: in the whole process, whichever thread took it.
//!
//! Whoever builds an executable says where the numbers come from: [`Counted`] as its global allocator sees what Rust takes;
//! the fuzzer lets the address sanitizer tell, which sees what C takes as well.
#![allow(unsafe_code, reason = "an allocator is unsafe by its nature")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

static HELD: AtomicI64 = AtomicI64::new(0);
static MOST: AtomicI64 = AtomicI64::new(0);

/// So many bytes were taken.
pub fn took(bytes: usize) {
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let held = HELD.fetch_add(bytes, Relaxed).saturating_add(bytes);
    MOST.fetch_max(held, Relaxed);
}

/// So many bytes were given back.
pub fn gave_back(bytes: usize) {
    HELD.fetch_sub(i64::try_from(bytes).unwrap_or(i64::MAX), Relaxed);
}

/// Does some work, and says how many bytes were held at most beyond those that were held before.
///
/// Nothing else should go on in the process meanwhile.
pub fn peak_of<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = HELD.load(Relaxed);
    MOST.store(before, Relaxed);
    let done = work();
    (done, u64::try_from(MOST.load(Relaxed) - before).unwrap_or_default())
}

/// The system's allocator, counted.
///
/// What grows is counted as if it were copied, for the system may do so.
#[derive(Debug)]
pub struct Counted;

// SAFETY: all is left to the system's allocator, with what it was called with.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: the caller's promises are those that are asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        gave_back(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) };
    }
}
