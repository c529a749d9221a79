//! How long decoding takes beside libjpeg-turbo's djpeg and zune-jpeg: `cargo bench -p thumbline-jpeg -- FILE...`, with
//! `--json OUT` to keep the figures as well.
//!
//! It is the processor's time that counts, as the operating system accounts for it: other work on the machine hardly adds to
//! it. djpeg is a process, so what it takes for a picture of one block is subtracted. Each figure is the least of many runs
//! that alternate with the others: noise is never negative.
#![allow(clippy::print_stdout, clippy::cast_precision_loss)]
#![allow(unsafe_code)] // To ask the operating system.

use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};

use thumbline_jpeg::{Decoder, Scale};

const ROUNDS: usize = 9;
const EIGHTHS: [u8; 4] = [1, 2, 4, 8];

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    // `cargo bench` adds a flag of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let (json, files) = match arguments.as_slice() {
        [flag, out, files @ ..] if flag == "--json" => (Some(out), files),
        files => (None, files),
    };
    if files.is_empty() {
        println!("nothing to measure: name some JPEGs");
        return Ok(());
    }
    if Command::new("djpeg").arg("-version").stderr(Stdio::null()).status().is_err() {
        return Err("djpeg is missing: apt-get install libjpeg-turbo-progs (or the like)".into());
    }
    println!("| picture | scale | ms | djpeg | ratio | zune-jpeg |\n| --- | --: | --: | --: | --: | --: |");
    let mut rows = Vec::new();
    for file in files {
        for eighths in EIGHTHS {
            let row = measure(Path::new(file), eighths)?;
            println!(
                "| {} | {eighths}/8 | {:.1} | {:.1} | {:.2} | {:.1} |",
                row.name,
                row.ours,
                row.djpeg,
                row.ours / row.djpeg,
                row.zune
            );
            rows.push(row.into_json());
        }
    }
    if let Some(out) = json {
        std::fs::write(out, serde_json::to_string(&rows)?)?;
    }
    Ok(())
}

/// One picture at one scale, in milliseconds.
struct Row {
    name: String,
    size: (u32, u32),
    is_progressive: bool,
    bytes: usize,
    eighths: u8,
    ours: f64,
    djpeg: f64,
    zune: f64,
}

impl Row {
    fn into_json(self) -> serde_json::Value {
        serde_json::json!({
            "picture": self.name,
            "width": self.size.0,
            "height": self.size.1,
            "progressive": self.is_progressive,
            "bytes": self.bytes,
            "eighths": self.eighths,
            "ms": self.ours,
            "djpeg_ms": self.djpeg,
            "zune_ms": self.zune,
        })
    }
}

fn measure(file: &Path, eighths: u8) -> Outcome<Row> {
    let scale = Scale::eighths(eighths).ok_or("a scale is from 1 to 8")?;
    let block = std::env::temp_dir().join(format!("one-block-{}.jpg", std::process::id()));
    let mut one_block = Vec::new();
    jpeg_encoder::Encoder::new(&mut one_block, 90).encode(&[128; 64], 8, 8, jpeg_encoder::ColorType::Luma)?;
    std::fs::write(&block, one_block)?;
    let mut least = [f64::MAX; 4];
    for _ in 0..ROUNDS {
        let times = [
            time(libc::RUSAGE_SELF, || decode(file, scale))?,
            time(libc::RUSAGE_CHILDREN, || djpeg(file, eighths))?,
            time(libc::RUSAGE_CHILDREN, || djpeg(&block, eighths))?,
            time(libc::RUSAGE_SELF, || zune(file))?,
        ];
        for (least, time) in least.iter_mut().zip(times) {
            *least = least.min(time);
        }
    }
    std::fs::remove_file(block)?;
    let [ours, djpeg, start, zune] = least;
    let source = std::fs::read(file)?;
    let decoder = Decoder::new(&source)?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let (size, is_progressive, bytes) = (decoder.size(), decoder.is_progressive(), source.len());
    Ok(Row { name, size, is_progressive, bytes, eighths, ours, djpeg: djpeg - start, zune })
}

/// How many milliseconds of the processor some work takes, in user and system mode, of this process or of its children.
fn time(whose: libc::c_int, work: impl FnOnce() -> Outcome<()>) -> Outcome<f64> {
    let before = spent(whose)?;
    work()?;
    Ok(spent(whose)? - before)
}

fn spent(whose: libc::c_int) -> Outcome<f64> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: there is room for what is written.
    if unsafe { libc::getrusage(whose, usage.as_mut_ptr()) } != 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    // SAFETY: all zeros is a value of it, and the call succeeded.
    let usage = unsafe { usage.assume_init() };
    let ms = |time: libc::timeval| time.tv_sec as f64 * 1e3 + time.tv_usec as f64 / 1e3;
    Ok(ms(usage.ru_utime) + ms(usage.ru_stime))
}

fn decode(file: &Path, scale: Scale) -> Outcome<()> {
    Decoder::new(&std::fs::read(file)?)?.decode(scale, |rows| {
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

fn zune(file: &Path) -> Outcome<()> {
    let source = std::fs::read(file)?;
    let options = zune_core::options::DecoderOptions::default();
    let cursor = zune_core::bytestream::ZCursor::new(source.as_slice());
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(cursor, options);
    std::hint::black_box(decoder.decode().map_err(|error| error.to_string())?);
    Ok(())
}
