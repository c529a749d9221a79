//! Whole pictures are the same on every kind of processor.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::Processor;
use crate::{Decoder, Error, Scale};

const SIZE: (u16, u16) = (131, 97);

/// Those kinds that the machine at hand can stand in for.
pub(crate) fn kinds() -> Vec<Processor> {
    let mut kinds = vec![Processor::Portable];
    #[cfg(target_arch = "x86_64")]
    {
        kinds.extend(crate::transform::avx2::Avx2::detect().map(Processor::Avx2));
        kinds.extend(crate::transform::sse41::Sse41::detect().map(Processor::Sse41));
    }
    #[cfg(target_arch = "aarch64")]
    kinds.extend(crate::transform::neon::Neon::detect().map(Processor::Neon));
    kinds
}

/// Edges, slopes and grain.
fn scene(channels: u32) -> Vec<u8> {
    let places = (0..u32::from(SIZE.1)).flat_map(|y| (0..u32::from(SIZE.0)).map(move |x| (x, y)));
    let samples = places.flat_map(|(x, y)| {
        (0..channels).map(move |channel| {
            let grain = (x * 73 + y * 151 + channel * 37).wrapping_mul(2_654_435_761) >> 28;
            let edge = if (x / 11 + y / 7 + channel) % 3 == 0 { 90 } else { 0 };
            (x + y * (channel + 1) + grain + edge).min(255) as u8
        })
    });
    samples.collect()
}

fn encode(color: ColorType, channels: u32, sampling: SamplingFactor, progressive: bool) -> Vec<u8> {
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, 88);
    encoder.set_sampling_factor(sampling);
    encoder.set_progressive(progressive);
    encoder.set_restart_interval(7);
    assert!(encoder.encode(&scene(channels), SIZE.0, SIZE.1, color).is_ok());
    jpeg
}

fn decode(jpeg: &[u8], scale: Scale, processor: Processor) -> Result<Vec<u8>, Error> {
    let mut decoder = Decoder::new(jpeg)?;
    decoder.processor = processor;
    let mut pixels = Vec::new();
    decoder.decode(scale, |rows| {
        pixels.extend_from_slice(rows);
        Ok::<_, Error>(())
    })?;
    Ok(pixels)
}

#[test]
fn all_kinds_give_the_same_bytes() {
    use SamplingFactor::{F_1_1, F_1_2, F_2_1, F_2_2, F_4_1};
    for sampling in [F_1_1, F_1_2, F_2_1, F_2_2, F_4_1] {
        for (color, channels) in [(ColorType::Luma, 1), (ColorType::Rgb, 3), (ColorType::CmykAsYcck, 4)] {
            for progressive in [false, true] {
                let jpeg = encode(color, channels, sampling, progressive);
                for scale in (1..=8).filter_map(Scale::eighths) {
                    let portable = decode(&jpeg, scale, Processor::Portable);
                    assert!(portable.is_ok(), "{portable:?}");
                    for kind in kinds() {
                        let pixels = decode(&jpeg, scale, kind);
                        assert!(pixels == portable, "{kind:?}: {color:?} {sampling:?} {scale:?}");
                    }
                }
            }
        }
    }
}
