//! Decodes a JPEG at N/8 of its size to a PNM file, as `djpeg -scale N/8` does: `decode FILE N OUT.ppm`. With `--repeat
//! COUNT` in place of the output, decodes so many times and prints the least time in milliseconds.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::Write;
use std::time::Instant;

use thumbline_jpeg::{Channels, Decoder, Options, Scale};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = "decode FILE N OUT.ppm, or decode FILE N --repeat COUNT";
    let [file, eighths, rest @ ..] = arguments.as_slice() else { return Err(usage.into()) };
    let source = std::fs::read(file)?;
    let scale = Scale::eighths(eighths.parse()?).ok_or("N is from 1 to 8")?;
    let lenient = std::env::var_os("LENIENT").is_some();
    let mut decoder = Decoder::with_options(&source, Options { lenient, ..Options::default() })?;
    if std::env::var_os("PORTABLE").is_some() {
        decoder = decoder.portably();
    }
    match rest {
        [repeat, count] if repeat == "--repeat" => {
            let mut least = f64::MAX;
            for _ in 0..count.parse::<u32>()? {
                let start = Instant::now();
                let mut bytes = 0;
                decoder.decode(scale, |rows| -> Result<(), Box<dyn Error>> {
                    bytes += std::hint::black_box(rows).len();
                    Ok(())
                })?;
                least = least.min(start.elapsed().as_secs_f64() * 1e3);
            }
            println!("{least:.2}");
        }
        [out] => {
            let (width, height) = decoder.scaled_size(scale);
            let mut out = std::io::BufWriter::new(std::fs::File::create(out)?);
            match decoder.channels() {
                Channels::Gray => write!(out, "P5\n{width} {height}\n255\n")?,
                Channels::Rgb => write!(out, "P6\n{width} {height}\n255\n")?,
                Channels::Cmyk => write!(
                    out,
                    "P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE CMYK\nENDHDR\n"
                )?,
            }
            let decoded = decoder.decode(scale, |rows| Ok::<_, Box<dyn Error>>(out.write_all(rows)?))?;
            out.flush()?;
            println!("{decoded:?}");
        }
        _ => return Err(usage.into()),
    }
    Ok(())
}
