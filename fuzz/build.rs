//! Compiles what counts where C code goes.

fn main() {
    println!("cargo::rerun-if-changed=src/coverage.c");
    cc::Build::new()
        .file("src/coverage.c")
        .flag("-O2")
        .link_lib_modifier("+whole-archive")
        .compile("thumbline_coverage");
    // libFuzzer has a function of the same name, which says that it is out of date and exits.
    println!("cargo::rustc-link-arg=-Wl,--wrap=__sanitizer_cov_trace_pc");
}
