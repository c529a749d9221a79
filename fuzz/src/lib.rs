//! Ties the harness to libFuzzer: an executable for each target, in `targets/`.

use std::ffi::{c_char, c_int, c_void};

pub use libfuzzer_sys;
use libfuzzer_sys::Corpus;
use thumbline_fuzz_harness::memory;
pub use thumbline_fuzz_harness::{Target, panics};

/// Makes an executable that tries inputs on a target.
#[macro_export]
macro_rules! fuzz {
    ($target:ident) => {
        $crate::libfuzzer_sys::fuzz_target!(
            init: $crate::prepare(),
            |input: &[u8]| -> $crate::libfuzzer_sys::Corpus {
                $crate::try_on($crate::Target::$target, input)
            }
        );
    };
}

/// Counts memory, and tells panics apart, from now on.
pub fn prepare() {
    // SAFETY: the hooks have the types that the sanitizer declares (`allocator_interface.h`), take no memory themselves,
    // and are there for as long as the process.
    let is_counted = unsafe { __sanitizer_install_malloc_and_free_hooks(took, gave_back) };
    assert_ne!(is_counted, 0, "the address sanitizer does not tell what is allocated");
    // After libFuzzer has set a hook that ends the process.
    panics::watch();
}

/// Tries an input; what is none of the target's stays out of the corpus.
pub fn try_on(target: Target, input: &[u8]) -> Corpus {
    if target.try_on(input) { Corpus::Keep } else { Corpus::Reject }
}

extern "C" fn took(_pointer: *const c_void, bytes: usize) {
    memory::took(bytes);
}

extern "C" fn gave_back(pointer: *const c_void) {
    if !pointer.is_null() {
        // SAFETY: the sanitizer calls this before it takes the block back.
        memory::gave_back(unsafe { __sanitizer_get_allocated_size(pointer) });
    }
}

/// Leaks that are not ours to mend: rav1d forgets 48 bytes of each picture that it gives up, an empty list of metadata.
// SAFETY: the name is the one that the leak sanitizer asks for, with this type.
#[unsafe(no_mangle)]
pub extern "C" fn __lsan_default_suppressions() -> *const c_char {
    c"leak:Rav1dITUTT35\n".as_ptr()
}

unsafe extern "C" {
    fn __sanitizer_install_malloc_and_free_hooks(
        took: extern "C" fn(*const c_void, usize),
        gave_back: extern "C" fn(*const c_void),
    ) -> c_int;
    fn __sanitizer_get_allocated_size(pointer: *const c_void) -> usize;
}
