//! Memory that one picture has needed is kept for the next.
//!
//! A picture takes some megabytes in a few large pieces and gives all of them back. The C library of Linux maps large pieces
//! anew each time, and returns what is free at the end of its heaps, of which each thread has one of its own. So the kernel has
//! to find and clear the same thousands of pages for every picture: a fifteenth of the time that a photograph of 12 megapixels
//! takes. A function has its memory to itself, and the next picture is going to want it.
//!
//! A picture that is left at its deadline is no measure for the next: what it had goes back to the system.

#![allow(unsafe_code)] // Two calls of the C library, which has no other door.

/// Pieces up to this many bytes are taken from the heap, and so much of it is kept when it is free. The most that the C library
/// takes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT_BYTES: libc::c_int = 32 << 20;

/// Has the process keep the memory that it frees, in one heap for all threads. To be called before there are any others. Does
/// nothing where the allocator is not glibc's.
pub fn retain() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    for (setting, value) in
        [(libc::M_ARENA_MAX, 1), (libc::M_MMAP_THRESHOLD, KEPT_BYTES), (libc::M_TRIM_THRESHOLD, KEPT_BYTES)]
    {
        // SAFETY: it takes two numbers and no pointers, and refuses what it does not know. It may not be called while other
        // threads allocate (mallopt(3), ATTRIBUTES), of which there are none yet.
        let is_set = unsafe { libc::mallopt(setting, value) } == 1;
        debug_assert!(is_set, "mallopt({setting}, {value}) is refused");
    }
}

/// Has the process return all memory to the system that it keeps and does not use. Does nothing where the allocator is not
/// glibc's.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: it takes a number and no pointer, touches nothing but pages without anything allocated in them, and may be
        // called while other threads allocate (malloc_trim(3), ATTRIBUTES).
        let _whether_there_was_any = unsafe { libc::malloc_trim(0) };
    }
}
