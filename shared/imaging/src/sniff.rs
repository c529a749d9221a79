//! Tells what bytes are from the bytes: names and media types are what somebody said about them.
//!
//! What is refused is told apart as well, because "HEIC is not supported" can be acted on, and "unknown bytes" cannot.

use crate::error::Error;
use crate::format::SourceFormat;

/// Tells the format of `source` from its first bytes.
///
/// Formats that are known but not read, from HEIC to PDF, give [`Error::Unsupported`] with their name; all else gives
/// [`Error::NotAnImage`] with a guess at what it is.
pub fn sniff(source: &[u8]) -> Result<SourceFormat, Error> {
    if source.is_empty() {
        return Err(Error::Empty);
    }
    if let Some(format) = known_format(source)? {
        return Ok(format);
    }
    if let Some(found) = known_refusal(source) {
        return Err(Error::Unsupported { found: found.into() });
    }
    if let Some((format, _)) = SIGNATURES.iter().find(|(_, signature)| begins(signature, source)) {
        let detail = format!("the file ends at byte {}, in its signature", source.len());
        return Err(Error::Truncated { format: *format, detail });
    }
    Err(Error::NotAnImage { found: guess(source) })
}

const SIGNATURES: &[(SourceFormat, &[u8])] = &[
    (SourceFormat::Jpeg, b"\xFF\xD8\xFF"),
    (SourceFormat::Png, b"\x89PNG\r\n\x1A\n"),
    (SourceFormat::Gif, b"GIF87a"),
    (SourceFormat::Gif, b"GIF89a"),
    (SourceFormat::Tiff, b"II*\0"),
    (SourceFormat::Tiff, b"MM\0*"),
    (SourceFormat::Tiff, b"II+\0"),
    (SourceFormat::Tiff, b"MM\0+"),
];

fn known_format(source: &[u8]) -> Result<Option<SourceFormat>, Error> {
    if source.starts_with(b"II*\0") && source.get(8..10) == Some(b"CR") {
        return Err(Error::Unsupported { found: "Canon CR2 (camera raw)".into() });
    }
    if let Some((format, _)) = SIGNATURES.iter().find(|(_, signature)| source.starts_with(signature)) {
        return Ok(Some(*format));
    }
    if source.starts_with(b"RIFF") && source.get(8..12) == Some(b"WEBP") {
        return Ok(Some(SourceFormat::WebP));
    }
    if is_avif(source)? {
        return Ok(Some(SourceFormat::Avif));
    }
    Ok(is_bmp(source).then_some(SourceFormat::Bmp))
}

/// The generic brand `mif1` often leads, and what is inside follows. Where the list of brands is cut, what it says so far
/// may not be all.
fn is_avif(source: &[u8]) -> Result<bool, Error> {
    let Some(brands) = brands(source) else { return Ok(false) };
    let (mut generic, mut avif) = (false, false);
    for brand in brands {
        generic |= matches!(brand, b"mif1" | b"msf1" | b"miaf");
        avif |= matches!(brand, b"avif" | b"avis");
    }
    let said = source.first_chunk().copied().map_or(0, u32::from_be_bytes);
    if generic && !avif && u64::from(said) > source.len() as u64 {
        let detail = format!("the file ends at byte {}, in the list of its brands", source.len());
        return Err(Error::Truncated { format: SourceFormat::Avif, detail });
    }
    Ok(avif)
}

/// `BM` begins many a sentence too, so the length of the picture header, which follows the file header, must be one of
/// those that exist.
fn is_bmp(source: &[u8]) -> bool {
    let header_bytes = source.get(14..).and_then(<[u8]>::first_chunk).copied().map(u32::from_le_bytes);
    source.starts_with(b"BM") && matches!(header_bytes, Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124))
}

/// Whether `source` is a signature's beginning and nothing more. A single byte says too little.
fn begins(signature: &[u8], source: &[u8]) -> bool {
    source.len() >= 2 && signature.starts_with(source)
}

/// Pictures and documents that others can show.
fn known_refusal(source: &[u8]) -> Option<&'static str> {
    const SIGNATURES: &[(&[u8], &str)] = &[
        (b"\xFF\x0A", "JPEG XL"),
        (b"\0\0\0\x0CJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\0\0\x0CjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xFF\x4F\xFF\x51", "JPEG 2000"),
        (b"II\xBC\x01", "JPEG XR"),
        (b"8BPS", "Photoshop (PSD)"),
        (b"gimp xcf", "GIMP (XCF)"),
        (b"\0\0\x01\0", "ICO"),
        (b"icns", "ICNS"),
        (b"%PDF-", "PDF"),
        (b"%!PS", "PostScript"),
        (b"\xC5\xD0\xD3\xC6", "EPS"),
        (b"DDS ", "DDS"),
        (b"qoif", "QOI"),
        (b"\x76\x2F\x31\x01", "OpenEXR"),
        (b"#?RADIANCE", "Radiance HDR"),
        (b"farbfeld", "farbfeld"),
        (b"BPG\xFB", "BPG"),
        (b"FLIF", "FLIF"),
        (b"AT&TFORM", "DjVu"),
        (b"\xD7\xCD\xC6\x9A", "WMF"),
        (b"FUJIFILMCCD-RAW", "Fujifilm RAF (camera raw)"),
        (b"IIRO", "Olympus ORF (camera raw)"),
        (b"IIRS", "Olympus ORF (camera raw)"),
        (b"MMOR", "Olympus ORF (camera raw)"),
        (b"IIU\0", "Panasonic RW2 (camera raw)"),
        (b"FOVb", "Sigma X3F (camera raw)"),
    ];
    let by_signature = SIGNATURES.iter().find(|(signature, _)| source.starts_with(signature));
    by_signature.map(|(_, name)| *name).or_else(|| media_picture(source)).or_else(|| text_picture(source))
}

/// ISO base media files say what they are in their `ftyp` box: a major brand, a version, compatible brands
/// (ISO/IEC 14496-12, 4.3).
fn brands(source: &[u8]) -> Option<impl Iterator<Item = &[u8; 4]>> {
    let length = u32::from_be_bytes(*source.first_chunk()?);
    let content = source.get(4..)?.strip_prefix(b"ftyp")?;
    let length = usize::try_from(length).ok()?.saturating_sub(8).min(content.len());
    let (brands, _) = content.get(..length)?.as_chunks::<4>();
    // The second word is the version.
    Some(brands.iter().enumerate().filter(|(at, _)| *at != 1).map(|(_, brand)| brand))
}

fn media_picture(source: &[u8]) -> Option<&'static str> {
    let any =
        |wanted: &[&[u8; 4]]| brands(source).is_some_and(|mut brands| brands.any(|b| wanted.contains(&b)));
    if any(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"]) {
        Some("HEIC")
    } else if any(&[b"crx "]) {
        Some("Canon CR3 (camera raw)")
    } else if any(&[b"mif1", b"msf1", b"mif2"]) {
        Some("HEIF")
    } else {
        None
    }
}

/// The head of the source, if it is text: enough to say what kind of text.
fn text_head(source: &[u8]) -> Option<&str> {
    const HEAD_BYTES: usize = 2048;
    let head = source.get(..HEAD_BYTES).unwrap_or(source);
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The head may end in the middle of a letter.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    let is_text = text.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\x0C'));
    (is_text && !text.is_empty()).then(|| text.trim_start_matches('\u{FEFF}').trim_start())
}

fn text_picture(source: &[u8]) -> Option<&'static str> {
    let text = text_head(source)?;
    let is_svg =
        text.starts_with("<svg") || (text.starts_with('<') && text.contains("<svg") && !is_html(text));
    let is_pnm = matches!(text.as_bytes(), [b'P', b'1'..=b'7', b' ' | b'\t' | b'\r' | b'\n', ..]);
    if is_svg {
        Some("SVG")
    } else if is_pnm || matches!(source, [b'P', b'1'..=b'7', b'\n', b'#' | b'0'..=b'9', ..]) {
        Some("PNM")
    } else {
        None
    }
}

fn is_html(text: &str) -> bool {
    let mut head: String = text.chars().take(256).collect();
    head.make_ascii_lowercase();
    head.starts_with("<!doctype html") || head.contains("<html")
}

/// What bytes that are no picture seem to be.
fn guess(source: &[u8]) -> &'static str {
    const SIGNATURES: &[(&[u8], &str)] = &[
        (b"PK\x03\x04", "a ZIP archive or an office document"),
        (b"PK\x05\x06", "an empty ZIP archive"),
        (b"\x1F\x8B", "gzip data"),
        (b"\x28\xB5\x2F\xFD", "zstd data"),
        (b"7z\xBC\xAF\x27\x1C", "a 7z archive"),
        (b"Rar!", "a RAR archive"),
        (b"\x7FELF", "an executable"),
        (b"MZ", "an executable"),
        (b"OggS", "Ogg sound or video"),
        (b"ID3", "MP3 sound"),
        (b"fLaC", "FLAC sound"),
        (b"\x1A\x45\xDF\xA3", "Matroska or WebM video"),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old office document"),
        (b"SQLite format 3\0", "an SQLite database"),
    ];
    if let Some((_, name)) = SIGNATURES.iter().find(|(signature, _)| source.starts_with(signature)) {
        return name;
    }
    if let Some(mut brands) = brands(source) {
        return if brands.next() == Some(b"qt  ") { "QuickTime video" } else { "MP4 video" };
    }
    if let (Some(b"RIFF"), Some(kind)) = (source.first_chunk(), source.get(8..12)) {
        return match kind {
            b"AVI " => "AVI video",
            b"WAVE" => "WAV sound",
            _ => "a RIFF file",
        };
    }
    match text_head(source) {
        Some(text) if is_html(text) => "an HTML page",
        Some(text) if text.starts_with("<?xml") => "an XML document",
        Some(_) => "text",
        None if source.iter().all(|byte| *byte == 0) => "nothing but zero bytes",
        None if source.starts_with(b"\xFF\xFE") || source.starts_with(b"\xFE\xFF") => "text",
        None => "unknown bytes",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(source: &[u8]) -> (&'static str, String) {
        let error = sniff(source).unwrap_err();
        (error.code(), error.to_string())
    }

    #[test]
    fn what_is_refused_is_named() {
        for (source, code, name) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], "unsupported", "HEIC"),
            (b"\0\0\0\x1Cftypmif1\0\0\0\0mif1", "truncated", "brands"),
            (b"\0\0\0\x14ftypmif1\0\0\0\0mif1", "unsupported", "HEIF"),
            (b"\xFF\x0A\xFA\x1F", "unsupported", "JPEG XL"),
            (b"<?xml version=\"1.0\"?>\n<!-- x --><svg xmlns=\"\"/>", "unsupported", "SVG"),
            (b"\xEF\xBB\xBF <svg/>", "unsupported", "SVG"),
            (b"%PDF-1.7", "unsupported", "PDF"),
            (b"8BPS\0\x01", "unsupported", "Photoshop"),
            (b"II*\0\x10\0\0\0CR\x02\0", "unsupported", "CR2"),
            (b"P5\n640 480\n", "unsupported", "PNM"),
            (b"<!DOCTYPE html><html><svg/></html>", "not_an_image", "HTML"),
            (b"PK\x03\x04\x14\0", "not_an_image", "ZIP"),
            (b"\0\0\0\x14ftypisom\0\0\0\0mp42", "not_an_image", "MP4"),
            (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "not_an_image", "QuickTime"),
            (b"RIFF\0\0\0\0AVI LIST", "not_an_image", "AVI"),
            (b"BMW builds cars, and this is text.", "not_an_image", "text"),
            ("Grüße aus Köln".as_bytes(), "not_an_image", "text"),
            (b"\0\0\0\0\0\0\0\0", "not_an_image", "zero bytes"),
            (b"\x80\x81\x82\x83", "not_an_image", "unknown bytes"),
        ] {
            let (found_code, message) = refusal(source);
            assert_eq!(found_code, code, "{name}: {message}");
            assert!(message.contains(name), "{name}: {message}");
        }
    }

    #[test]
    fn avif_is_told_by_any_of_its_brands() {
        for source in [
            &b"\0\0\0\x1Cftypavif\0\0\0\0mif1miaf"[..],
            b"\0\0\0\x1Cftypmif1\0\0\0\0mif1avifmiaf",
            b"\0\0\0\x18ftypmsf1\0\0\0\0msf1avis",
        ] {
            assert_eq!(sniff(source), Ok(SourceFormat::Avif));
        }
    }

    #[test]
    fn nothing_is_empty_and_a_cut_signature_is_truncated() {
        assert_eq!(refusal(b"").0, "empty");
        assert_eq!(refusal(b"\xFF\xD8").0, "truncated");
        assert_eq!(refusal(b"\x89PNG\r\n").0, "truncated");
        assert_eq!(refusal(b"\xFF").0, "not_an_image");
    }
}
