//! How long decoding takes beside libjpeg-turbo's djpeg and zune-jpeg: `cargo bench -p thumbline-jpeg -- FILE...`, with
//! `--write README.md` to put the table there.
//!
//! djpeg is timed as a process, less the time that it takes for a picture of one block; the least of many runs that
//! alternate with the others, for what a shared machine adds to a run is never negative.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use thumbline_jpeg::{Decoder, Scale};

const ROUNDS: usize = 25;
const MARKS: (&str, &str) = ("<!-- benchmark -->\n", "<!-- end of benchmark -->");

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    // `cargo bench` adds a flag of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let (write, files) = match arguments.as_slice() {
        [flag, document, files @ ..] if flag == "--write" => (Some(document), files),
        files => (None, files),
    };
    if files.is_empty() {
        println!("nothing to measure: name some JPEGs");
        return Ok(());
    }
    if Command::new("djpeg").arg("-version").stderr(Stdio::null()).status().is_err() {
        return Err("djpeg is missing: apt-get install libjpeg-turbo-progs (or the like)".into());
    }
    let mut table = String::from(
        "| picture | scale | ms | djpeg | ratio | zune-jpeg |\n| --- | --: | --: | --: | --: | --: |\n",
    );
    for file in files {
        for eighths in [1, 2, 3, 4, 6, 8] {
            table += &measure(Path::new(file), eighths)?;
        }
    }
    print!("{table}");
    if let Some(document) = write {
        let text = std::fs::read_to_string(document)?;
        let (before, rest) = text.split_once(MARKS.0).ok_or("the document has no place for a table")?;
        let (_, after) = rest.split_once(MARKS.1).ok_or("the document has no end of a table")?;
        std::fs::write(document, format!("{before}{}{table}{}{after}", MARKS.0, MARKS.1))?;
    }
    Ok(())
}

/// A row of the table.
fn measure(file: &Path, eighths: u8) -> Outcome<String> {
    let source = std::fs::read(file)?;
    let scale = Scale::eighths(eighths).ok_or("a scale is from 1 to 8")?;
    let block = std::env::temp_dir().join(format!("one-block-{}.jpg", std::process::id()));
    let mut one_block = Vec::new();
    jpeg_encoder::Encoder::new(&mut one_block, 90).encode(&[128; 64], 8, 8, jpeg_encoder::ColorType::Luma)?;
    std::fs::write(&block, one_block)?;
    let mut least = [f64::MAX; 4];
    for _ in 0..ROUNDS {
        let times = [
            time(|| decode(&source, scale))?,
            time(|| djpeg(file, eighths))?,
            time(|| djpeg(&block, eighths))?,
            time(|| zune(&source))?,
        ];
        for (least, time) in least.iter_mut().zip(times) {
            *least = least.min(time);
        }
    }
    std::fs::remove_file(block)?;
    let [ours, djpeg, start, zune] = least;
    let djpeg = djpeg - start;
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let mut row = String::new();
    writeln!(row, "| {name} | {eighths}/8 | {ours:.1} | {djpeg:.1} | {:.2} | {zune:.1} |", ours / djpeg)?;
    Ok(row)
}

fn time(work: impl FnOnce() -> Outcome<()>) -> Outcome<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

fn decode(source: &[u8], scale: Scale) -> Outcome<()> {
    Decoder::new(source)?.decode(scale, |rows| {
        std::hint::black_box(rows);
        Ok::<_, thumbline_jpeg::Error>(())
    })?;
    Ok(())
}

fn djpeg(file: &Path, eighths: u8) -> Outcome<()> {
    let scale = format!("{eighths}/8");
    let status =
        Command::new("djpeg").args(["-scale", &scale, "-outfile", "/dev/null"]).arg(file).status()?;
    if status.success() { Ok(()) } else { Err(format!("djpeg does not read {}", file.display()).into()) }
}

fn zune(source: &[u8]) -> Outcome<()> {
    let options = zune_core::options::DecoderOptions::default();
    let cursor = zune_core::bytestream::ZCursor::new(source);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(cursor, options);
    std::hint::black_box(decoder.decode().map_err(|error| error.to_string())?);
    Ok(())
}
