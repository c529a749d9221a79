//! What the fuzzer has found so far, replayed: `fuzz/corpus/decode` holds what reaches every part of the decoder that it
//! knows a way to.
#![allow(clippy::unwrap_used)]

#[path = "../fuzz/fuzz_targets/check.rs"]
mod check;

// One test, for all threads count together.
#[test]
fn what_the_fuzzer_found_is_borne() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/decode");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let count = files.len();
    for file in &files {
        check::check(&std::fs::read(file).unwrap());
    }
    assert!(count > 100, "there are only {count} files in {folder}");
}
