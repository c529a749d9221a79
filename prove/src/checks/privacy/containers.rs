//! What a thumbnail's file consists of: nothing but what shows the picture.

use anyhow::{Context, ensure};
use thumbline_imaging::OutputFormat;

/// Names what is in the file that does not belong to a picture; nothing where there is nothing else.
pub(super) fn strange_parts(format: OutputFormat, file: &[u8]) -> anyhow::Result<Vec<String>> {
    let (parts, allowed): (Vec<String>, &[&str]) = match format {
        OutputFormat::Jpeg => (jpeg(file)?, &["JFIF", "DB", "C0", "C2", "C4", "DA", "DD"]),
        OutputFormat::Png => (png(file)?, &["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]),
        OutputFormat::WebP => (webp(file)?, &["VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF"]),
        OutputFormat::Avif => (avif(file)?, &AVIF),
        other => anyhow::bail!("nothing is known of {other:?}"),
    };
    Ok(parts.into_iter().filter(|part| !allowed.contains(&part.as_str())).collect())
}

/// Boxes, with those inside `meta`, the kinds of items, and the properties.
const AVIF: [&str; 18] = [
    "ftyp",
    "meta",
    "mdat",
    "hdlr",
    "pitm",
    "iloc",
    "iinf",
    "iref",
    "iprp",
    "ipco",
    "ipma",
    "ispe",
    "pixi",
    "av1C",
    "auxC",
    "infe av01",
    "colr nclx",
    "auxl",
];

/// Markers, by their codes; `JFIF` for that segment alone, without a thumbnail in it.
fn jpeg(file: &[u8]) -> anyhow::Result<Vec<String>> {
    let mut parts = Vec::new();
    ensure!(file.starts_with(&[0xFF, 0xD8]), "no start of image");
    let mut at = 2;
    loop {
        let code = *file.get(at + 1).context("the file ends between markers")?;
        ensure!(file.get(at) == Some(&0xFF), "stray bytes at {at}");
        if code == 0xD9 {
            ensure!(at + 2 == file.len(), "{} bytes behind the end", file.len() - at - 2);
            return Ok(parts);
        }
        let length = file.get(at + 2..at + 4).context("a cut segment")?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let content = file.get(at + 4..at + 2 + length).context("a cut segment")?;
        let is_plain_jfif = code == 0xE0 && content.len() == 14 && content.starts_with(b"JFIF\0");
        parts.push(if is_plain_jfif { "JFIF".to_owned() } else { format!("{code:02X}") });
        at += 2 + length;
        if code == 0xDA {
            // Entropy-coded data: up to a marker that is neither a stuffed zero nor a restart.
            let rest = file.get(at..).unwrap_or_default();
            let is_end = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xD0..=0xD7);
            at += rest.windows(2).position(is_end).context("a scan without end")?;
        }
    }
}

fn png(file: &[u8]) -> anyhow::Result<Vec<String>> {
    let mut parts = Vec::new();
    let mut at = 8;
    while let Some(head) = file.get(at..at + 8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        parts.push(String::from_utf8_lossy(&head[4..]).into_owned());
        at += 12 + usize::try_from(length)?;
    }
    ensure!(at == file.len() && parts.last().is_some_and(|last| last == "IEND"), "bytes behind the end");
    Ok(parts)
}

fn webp(file: &[u8]) -> anyhow::Result<Vec<String>> {
    let length = file.get(4..8).context("no header")?;
    let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]);
    ensure!(usize::try_from(length)? + 8 == file.len(), "the length in the header is not the file's");
    riff(&file[12..])
}

fn riff(chunks: &[u8]) -> anyhow::Result<Vec<String>> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(head) = chunks.get(at..at + 8) {
        let name = String::from_utf8_lossy(&head[..4]).into_owned();
        let length = usize::try_from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]))?;
        let content = chunks.get(at + 8..at + 8 + length).context("a cut chunk")?;
        match name.as_str() {
            // That there is a profile, EXIF or XMP.
            "VP8X" if content.first().is_none_or(|flags| flags & 0x2C != 0) => {
                parts.push("VP8X with metadata".to_owned());
            }
            "ANMF" => parts.extend(riff(content.get(16..).context("a short frame")?)?),
            _ => {}
        }
        parts.push(name);
        at += 8 + length + length % 2;
    }
    ensure!(at == chunks.len(), "bytes behind the last chunk");
    Ok(parts)
}

fn avif(file: &[u8]) -> anyhow::Result<Vec<String>> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(head) = file.get(at..at + 8) {
        let name = String::from_utf8_lossy(&head[4..]).into_owned();
        let length = usize::try_from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]))?;
        ensure!(length >= 8, "a box of {length} bytes");
        let content = file.get(at + 8..at + length).context("a cut box")?;
        match name.as_str() {
            // Those with a version, and the count of items.
            "meta" | "iref" => parts.extend(avif(content.get(4..).context("a short box")?)?),
            "iinf" => parts.extend(avif(content.get(6..).context("a short box")?)?),
            "iprp" | "ipco" => parts.extend(avif(content)?),
            _ => {}
        }
        parts.push(match name.as_str() {
            "infe" => format!("infe {}", String::from_utf8_lossy(content.get(8..12).unwrap_or_default())),
            "colr" => format!("colr {}", String::from_utf8_lossy(content.get(..4).unwrap_or_default())),
            _ => name,
        });
        at += length;
    }
    ensure!(at == file.len(), "bytes behind the last box");
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_belong_is_named() {
        for carrier in super::super::carriers::all().unwrap() {
            let format = match carrier.name {
                "png" => OutputFormat::Png,
                "webp" | "lossless webp" => OutputFormat::WebP,
                "jpeg" | "progressive jpeg" => OutputFormat::Jpeg,
                "avif" => OutputFormat::Avif,
                _ => continue,
            };
            let found = strange_parts(format, &carrier.bytes);
            assert!(found.as_ref().map_or(true, |parts| !parts.is_empty()), "{}: {found:?}", carrier.name);
        }
    }
}
