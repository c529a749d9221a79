//! Memory that has been used once is used again without asking the kernel for it, and goes back to it when asked to. A program of
//! its own: what is tested changes the process, and has to be called before there are threads, such as those of a test harness.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::thread;

const PAGE_BYTES: usize = 4096;
const PIECE_BYTES: usize = 8 << 20;

/// Pages that the kernel has had to find for this process: `minflt` in /proc/self/stat, see proc(5).
fn pages_found() -> usize {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    after_name.split_whitespace().nth(7).unwrap().parse().unwrap()
}

/// Takes some large pieces as a picture does, in a thread of its own, fills them, and gives them back.
fn pages_found_for_a_picture() -> usize {
    let before = pages_found();
    thread::spawn(|| {
        for bytes in [PIECE_BYTES, PIECE_BYTES / 2, PIECE_BYTES / 4] {
            black_box(vec![1_u8; bytes]);
        }
    })
    .join()
    .unwrap();
    pages_found() - before
}

/// What of this process lies in memory, in bytes: the second number in /proc/self/statm, see proc(5).
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * PAGE_BYTES
}

/// A picture that was left at its deadline leaves free memory below a piece that is still in use, which no threshold returns.
fn what_a_left_picture_had_goes_back() {
    let pieces: Vec<_> = (0..16).map(|_| black_box(vec![1_u8; PIECE_BYTES])).collect();
    let still_in_use = black_box(vec![1_u8; 1 << 10]);
    drop(pieces);
    let kept = resident_bytes();
    thumbline::memory::give_back();
    let after = resident_bytes();
    assert!(kept - after > 15 * PIECE_BYTES, "{kept} bytes before, {after} after");
    drop(still_in_use);
    println!("what a left picture had goes back to the system: ok");
}

fn main() {
    if cfg!(not(all(target_os = "linux", target_env = "gnu"))) {
        return;
    }
    thumbline::memory::retain();
    let (first, second) = (pages_found_for_a_picture(), pages_found_for_a_picture());
    assert!(first >= PIECE_BYTES / PAGE_BYTES, "{first} pages for the first");
    assert!(second < first / 10, "{first} pages for the first picture, {second} for the second");
    println!("a second picture is given the memory of the first: ok");
    what_a_left_picture_had_goes_back();
}
