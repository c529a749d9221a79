//! What must hold of whatever comes, for the fuzzer and for the test that replays what it found: strictly and leniently, with
//! and without the processor's own instructions, always an error or a whole picture, the same either way, and never more
//! memory than was announced; as pixels and as planes; at hand as a whole, or read from some byte on. The last byte says at which
//! scale, and in how much detail.
#![allow(unsafe_code)] // An allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use thumbline_jpeg::{Decoded, Decoder, Error, Options, Scale};

const MAX_PIXELS: u64 = 1 << 20;
const MAX_SCANS: usize = 50;

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(held, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Holds the decoder to all of it.
pub fn check(input: &[u8]) {
    let Some((&last, jpeg)) = input.split_last() else { return };
    // Of colours half as much, as who makes small pictures of them asks for.
    let (Some(scale), Some(half)) = (Scale::eighths(last % 8 + 1), Scale::eighths(last % 8 / 2 + 1)) else {
        return;
    };
    let detail = [u8::MAX, 125, 71, 45][usize::from(last / 64)];
    let scales = [scale, half].map(|scale| scale.with_detail(detail));
    for kind in [Kind::Pixels, Kind::Planes] {
        let strict = decode(jpeg, &[], scales, kind, false, false);
        let lenient = decode(jpeg, &[], scales, kind, true, false);
        let portable = decode(jpeg, &[], scales, kind, true, true);
        assert_eq!(lenient, portable);
        // Anywhere, but the same place for the same bytes.
        let seam = jpeg.iter().fold(0, |sum: usize, byte| sum.wrapping_mul(31) + usize::from(*byte));
        let (front, rest) = jpeg.split_at(seam % (jpeg.len() + 1));
        if Decoder::new(front).is_ok() {
            assert_eq!(decode(front, rest, scales, kind, false, false), strict);
            assert_eq!(decode(front, rest, scales, kind, true, false), lenient);
        }
        match (strict, lenient) {
            (Ok(strict), lenient) => assert_eq!(Ok(strict), lenient),
            (Err(error), Ok((decoded, _))) => assert!(decoded.fault.is_some(), "{error}"),
            (Err(_), Err(_)) => {}
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy)]
enum Kind {
    Pixels,
    Planes,
}

/// What came of it, and a hash of the samples (FNV-1a, 64 bits). What there is of a rest is read.
fn decode(
    front: &[u8],
    mut rest: &[u8],
    [scale, half]: [Scale; 2],
    kind: Kind,
    lenient: bool,
    portable: bool,
) -> Result<(Decoded, u64), Error> {
    let options = Options { lenient, max_pixels: MAX_PIXELS, max_scans: MAX_SCANS };
    let mut decoder = Decoder::with_options(front, options)?;
    if portable {
        decoder = decoder.portably();
    }
    let scale_of = |component: usize| if component == 0 { scale } else { half };
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let (mut bytes, mut hash) = (0, 0xCBF2_9CE4_8422_2325_u64);
    let mut take = |rows: &[u8]| {
        bytes += rows.len();
        hash = rows.iter().fold(hash, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
        Ok::<_, Error>(())
    };
    let is_read = !rest.is_empty();
    // As much of the rest as comes to be held, and as much again while it moves.
    let read = if is_read { (2 * (front.len() + rest.len()) + (2 << 16)) as u64 } else { 0 };
    let announced = read
        + match kind {
            Kind::Pixels => decoder.working_bytes(scale),
            Kind::Planes => decoder.working_bytes_of_planes(scale_of),
        };
    let outcome = match (kind, is_read) {
        (Kind::Pixels, false) => decoder.decode(scale, take),
        (Kind::Pixels, true) => decoder.decode_on(scale, &mut rest, take),
        (Kind::Planes, false) => decoder.decode_planes(scale_of, |_, row| take(row)),
        (Kind::Planes, true) => decoder.decode_planes_on(scale_of, &mut rest, |_, row| take(row)),
    };
    let peak = PEAK.load(Ordering::Relaxed) - before;
    assert!(peak as u64 <= announced, "{peak} bytes, where {announced} were announced");
    let decoded = outcome?;
    let whole = match kind {
        Kind::Pixels => decoded.width as usize * decoded.height as usize * decoder.channels().count(),
        Kind::Planes => {
            let sizes = (0..4).filter_map(|component| decoder.plane_size(component, scale_of(component)));
            sizes.map(|size| size.width as usize * size.height as usize).sum()
        }
    };
    assert_eq!(bytes, whole, "what is called a picture is a whole one");
    Ok((decoded, hash))
}
