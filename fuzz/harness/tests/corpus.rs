//! What the fuzzer has learnt is tried again: every input of the corpus must keep every promise.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use thumbline_fuzz_harness::Target;
use thumbline_fuzz_harness::memory::{Counted, peak_of};

#[global_allocator]
static MEMORY: Counted = Counted;

/// Memory is counted for the whole process, so that one target has it for itself.
static ALONE: Mutex<()> = Mutex::new(());

fn replay(target: Target) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(target.name());
    let mut inputs: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    assert!(inputs.len() > 20, "{} has {} inputs", folder.display(), inputs.len());
    for input in inputs {
        // Of a test that fails, this is shown: the last one is what it failed with.
        println!("{}", input.display());
        assert!(target.try_on(&fs::read(&input).unwrap()), "it is no input of {}", target.name());
    }
}

macro_rules! replayed {
    ($($name:ident: $target:ident),+) => {
        $(#[test]
        fn $name() {
            replay(Target::$target);
        })+

        #[test]
        fn no_target_is_left_out() {
            assert_eq!([$(Target::$target),+], Target::ALL);
        }
    };
}

replayed!(
    webp: WebP,
    gif: Gif,
    png: Png,
    tiff: Tiff,
    bmp: Bmp,
    avif: Avif,
    metadata: Metadata,
    animation: Animation,
    encode: Encode,
    jpeg: Jpeg,
    lossy: Lossy
);

#[test]
fn memory_is_counted() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (length, peak) = peak_of(|| {
        drop(vec![1_u8; 1 << 20]);
        vec![1_u8; 1 << 19].len()
    });
    // But for what the tests' own harness has given back meanwhile.
    let most = (1 << 20) - (1 << 16)..(1 << 20) + (1 << 16);
    assert!(most.contains(&peak), "{peak} bytes for {length}");
}
