//! How long encoding takes beside libwebp's method 4, and what comes of it: `cargo bench -p thumbline-webp -- FILE...`.
//!
//! The files are JPEGs. Each becomes four pictures: at the fewest eighths of its size that are 1280 pixels across, and then
//! halved three times. It is the processor's time that counts. Both take turns, and each figure is the least of many: noise is
//! never negative. Quality is the PSNR of luma, as libwebp decodes it, to what went in.
#![allow(clippy::print_stdout, clippy::cast_precision_loss, clippy::cast_possible_truncation)]
#![allow(unsafe_code)] // libwebp, and to ask the operating system.

use std::error::Error;
use std::path::Path;
use std::slice;

use libwebp_sys::{WebPDecodeRGB, WebPEncodeRGB, WebPFree};
use thumbline_jpeg::{Decoder, Scale};
use thumbline_webp::{Channels, Encoder, Picture};

const ROUNDS: usize = 9;
const QUALITY: u8 = 75;
const WIDTH: u32 = 1280;
const HALVINGS: usize = 3;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Pixels of red, green and blue.
struct Pixels {
    width: usize,
    height: usize,
    samples: Vec<u8>,
}

fn main() -> Outcome<()> {
    // `cargo bench` adds a flag of its own.
    let files: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if files.is_empty() {
        println!("nothing to measure: name some JPEGs");
        return Ok(());
    }
    println!("| picture | ms | libwebp | ratio | bytes, of libwebp's | PSNR, more than libwebp's |");
    println!("| --- | --: | --: | --: | --: | --: |");
    for file in files {
        let pictures = read(Path::new(&file))?;
        let (mut times, mut bytes, mut quality) = ([0.0; 2], [0; 2], [0.0; 2]);
        for picture in &pictures {
            for (contender, (time, file)) in measure(picture)?.into_iter().enumerate() {
                times[contender] += time;
                bytes[contender] += file.len();
                quality[contender] += psnr(&file, picture)? / pictures.len() as f64;
            }
        }
        println!(
            "| {}, {}×{} and smaller | {:.1} | {:.1} | {:.2} | {:.3} | {:+.2} dB |",
            Path::new(&file).file_stem().unwrap_or_default().display(),
            pictures[0].width,
            pictures[0].height,
            times[0],
            times[1],
            times[0] / times[1],
            bytes[0] as f64 / bytes[1] as f64,
            quality[0] - quality[1]
        );
    }
    Ok(())
}

/// A photograph in four sizes.
fn read(path: &Path) -> Outcome<Vec<Pixels>> {
    let jpeg = std::fs::read(path)?;
    let decoder = Decoder::new(&jpeg)?;
    if decoder.channels() != thumbline_jpeg::Channels::Rgb {
        return Err(format!("{} is not in colour", path.display()).into());
    }
    let scale = Scale::covering(decoder.size(), (WIDTH, 1));
    let (width, height) = decoder.scaled_size(scale);
    let mut samples = Vec::new();
    decoder.decode(scale, |rows| {
        samples.extend_from_slice(rows);
        Ok::<_, thumbline_jpeg::Error>(())
    })?;
    let mut pictures = vec![Pixels { width: width as usize, height: height as usize, samples }];
    for _ in 0..HALVINGS {
        let half = pictures.last().map(halve).ok_or("there is no picture")?;
        pictures.push(half);
    }
    Ok(pictures)
}

/// The mean of every four pixels.
fn halve(picture: &Pixels) -> Pixels {
    let (width, height) = (picture.width / 2, picture.height / 2);
    let sample = |x: usize, y: usize, channel: usize| {
        u32::from(picture.samples[(y * picture.width + x) * 3 + channel])
    };
    let mut samples = Vec::with_capacity(width * height * 3);
    for y in (0..height).map(|y| y * 2) {
        for x in (0..width).map(|x| x * 2) {
            for channel in 0..3 {
                let sum = sample(x, y, channel) + sample(x + 1, y, channel);
                let sum = sum + sample(x, y + 1, channel) + sample(x + 1, y + 1, channel);
                samples.push(((sum + 2) / 4) as u8);
            }
        }
    }
    Pixels { width, height, samples }
}

/// The least milliseconds, and the file, of ours and of libwebp's.
fn measure(picture: &Pixels) -> Outcome<[(f64, Vec<u8>); 2]> {
    let mut results = [(f64::MAX, Vec::new()), (f64::MAX, Vec::new())];
    for _ in 0..ROUNDS {
        for (contender, (least, file)) in results.iter_mut().enumerate() {
            let start = processor_time()?;
            *file = if contender == 0 { encode(picture)? } else { encode_by_libwebp(picture)? };
            *least = least.min(processor_time()? - start);
        }
    }
    Ok(results)
}

fn encode(picture: &Pixels) -> Outcome<Vec<u8>> {
    let (width, height) = (u32::try_from(picture.width)?, u32::try_from(picture.height)?);
    let picture = Picture::new(width, height, Channels::Rgb, &picture.samples)?;
    Ok(Encoder::new(QUALITY)?.encode(&picture)?)
}

/// With its defaults, of which method 4 is one.
fn encode_by_libwebp(picture: &Pixels) -> Outcome<Vec<u8>> {
    let (width, height) = (i32::try_from(picture.width)?, i32::try_from(picture.height)?);
    let mut file = std::ptr::null_mut();
    // SAFETY: the samples have the size that is told; the file is libwebp's until it is freed, and copied before that.
    unsafe {
        let pixels = picture.samples.as_ptr();
        let length = WebPEncodeRGB(pixels, width, height, width * 3, QUALITY.into(), &raw mut file);
        if length == 0 {
            return Err("libwebp does not encode it".into());
        }
        let copy = slice::from_raw_parts(file, length).to_vec();
        WebPFree(file.cast());
        Ok(copy)
    }
}

/// The peak signal-to-noise ratio of a file's luma, in decibels.
fn psnr(file: &[u8], picture: &Pixels) -> Outcome<f64> {
    let luma = |pixel: &[u8; 3]| {
        0.299 * f64::from(pixel[0]) + 0.587 * f64::from(pixel[1]) + 0.114 * f64::from(pixel[2])
    };
    let (mut width, mut height) = (0, 0);
    // SAFETY: the file's length is told; what is decoded has the size that went in, and is libwebp's until it is freed.
    let sum: f64 = unsafe {
        let decoded = WebPDecodeRGB(file.as_ptr(), file.len(), &raw mut width, &raw mut height);
        if decoded.is_null() {
            return Err("libwebp does not decode it".into());
        }
        let samples = slice::from_raw_parts(decoded, picture.samples.len());
        let pairs = samples.as_chunks::<3>().0.iter().zip(picture.samples.as_chunks::<3>().0);
        let sum = pairs.map(|(one, other)| (luma(one) - luma(other)).powi(2)).sum();
        WebPFree(decoded.cast());
        sum
    };
    let mean = sum / (picture.width * picture.height) as f64;
    Ok(10.0 * (255.0 * 255.0 / mean).log10())
}

/// Milliseconds that this process has had the processor.
fn processor_time() -> Outcome<f64> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call fills the structure that it is given.
    if unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) } != 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    Ok(time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6)
}
