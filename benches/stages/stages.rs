//! Where the engine's time goes, stage by stage: `make bench-stages`.
//!
//! The stages are no business of the engine's callers, so they are not called one by one: [`render`] says of each picture
//! what it spent on each stage, and Criterion is given that. A stage that runs inside another, row by row, is thus
//! measured as it is in use. Pictures are those of `make bench`, or all of the folder that `BENCH_PICTURES` names.
#![allow(clippy::expect_used, reason = "nothing can be measured without its pictures")]

use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs};

use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use thumbline_imaging::{Limits, OutputFormat, Rendition, Timings, render};

const WIDTHS: [u32; 4] = [1280, 640, 320, 128];
const JPEG_QUALITY: u8 = 80;
const WEBP_QUALITY: u8 = 75;

/// What is taken of a picture's timings, for which output.
struct Stage {
    name: &'static str,
    output: OutputFormat,
    spent: fn(&Timings) -> Duration,
}

const STAGES: [Stage; 4] = [
    Stage { name: "decode", output: OutputFormat::Jpeg, spent: |timings| timings.probe + timings.decode },
    Stage { name: "resize", output: OutputFormat::Jpeg, spent: |timings| timings.resize },
    Stage { name: "encode JPEG", output: OutputFormat::Jpeg, spent: |timings| timings.encode },
    Stage { name: "encode WebP", output: OutputFormat::WebP, spent: |timings| timings.encode },
];

fn stages(criterion: &mut Criterion) {
    let pictures = pictures();
    for Stage { name, output, spent } in STAGES {
        let mut group = criterion.benchmark_group(name);
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
        group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
        let renditions = renditions(output);
        for (picture, bytes) in &pictures {
            let once = || render(bytes, &renditions, &Limits::default(), &|| false).map(|made| made.timings);
            if let Err(error) = once() {
                println!("{name}/{picture} is not measured: {error}");
                continue;
            }
            group.bench_function(picture.as_str(), |bencher| {
                let measured = || spent(&once().expect("what it made before it makes again"));
                bencher.iter_custom(|times| (0..times).map(|_| measured()).sum());
            });
        }
        group.finish();
    }
}

fn renditions(output: OutputFormat) -> Vec<Rendition> {
    let quality = if output == OutputFormat::Jpeg { JPEG_QUALITY } else { WEBP_QUALITY };
    let rendition = |width| Rendition::new(Some(width), None).with_format(output).with_quality(quality);
    WIDTHS.map(rendition).into()
}

/// The pictures by name, in the order of their names. By default the committed samples, which are small.
fn pictures() -> Vec<(String, Vec<u8>)> {
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/pictures");
    let folder = env::var_os("BENCH_PICTURES").map_or_else(|| PathBuf::from(samples), PathBuf::from);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the folder of pictures can be read")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some())
        .collect();
    files.sort();
    let named = |path: PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name, fs::read(path).expect("a picture can be read"))
    };
    files.into_iter().map(named).collect()
}

criterion_group!(benches, stages);
criterion_main!(benches);
