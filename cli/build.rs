//! Has the linker lay those functions of `thumbline` side by side that rendering a picture runs: `layout/hot.ld` lists them.
//!
//! A program is loaded 64 KB at a time, where it is run. What renders a picture is a fiftieth of all there is, and scattered
//! over all of it otherwise: five megabytes are loaded for what has half of one.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=layout/hot.ld");
    println!("cargo::rerun-if-env-changed=THUMBLINE_LINK_MAP");
    if !lays_out() {
        return;
    }
    if let Ok(map) = env::var("THUMBLINE_LINK_MAP") {
        // For layout/learn.py, which makes the list anew; valgrind looks for functions in one section only.
        println!("cargo::rustc-link-arg-bin=thumbline=-Wl,-Map={map}");
    } else if let Ok(home) = env::var("CARGO_MANIFEST_DIR") {
        let script = Path::new(&home).join("layout/hot.ld");
        println!("cargo::rustc-link-arg-bin=thumbline=-T{}", script.display());
    }
}

/// Whether it is worth it, and the linker one that takes such a list: GNU's or LLVM's, of which one is what Rust uses on Linux
/// unless it is told otherwise.
fn lays_out() -> bool {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let is_another = ["mold", "wild", "gold"].iter().any(|linker| flags.contains(linker));
    is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is("PROFILE", "release")
        && !is_another
}
