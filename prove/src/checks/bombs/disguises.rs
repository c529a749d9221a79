//! What is no picture and has a picture's name, and what is a picture and something else besides.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::bytes::{MEBIBYTE, le16, le32};
use super::liar::{Fate, Liar, liar};
use super::{gif, jpeg, png, webp};

const SCRIPT: &[u8] = b"<script>alert(document.domain)</script>";

fn svg(content: &[u8]) -> Vec<u8> {
    [
        b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\">",
        content,
        b"</svg>",
    ]
    .concat()
}

/// An XML document whose entities unfold to three gigabytes.
fn laughs() -> Vec<u8> {
    let entity = |level: usize| {
        let inner = format!("&a{};", level - 1).repeat(10);
        format!("<!ENTITY a{level} \"{inner}\">")
    };
    let entities: Vec<String> = (1..10).map(entity).collect();
    format!(
        "<?xml version=\"1.0\"?><!DOCTYPE svg [<!ENTITY a0 \"lol\">{}]>\
         <svg xmlns=\"http://www.w3.org/2000/svg\"><text>&a9;</text></svg>",
        entities.concat()
    )
    .into_bytes()
}

/// An archive of one stored file.
fn zip(name: &[u8], content: &[u8]) -> Vec<u8> {
    let about = [
        &[0; 6],
        crc32fast::hash(content).to_le_bytes().as_slice(),
        &le32(content.len()),
        &le32(content.len()),
        &le16(name.len()),
        &le16(0),
    ]
    .concat();
    let local =
        [b"PK\x03\x04\x0A\0".as_slice(), &[0; 2], about.get(..4 + 20).unwrap_or(&about), name, content]
            .concat();
    let central = [b"PK\x01\x02\x0A\0\x0A\0".as_slice(), &[0; 2], &about, &[0; 14], name].concat();
    let end =
        [b"PK\x05\x06".as_slice(), &[0; 4], &[1, 0, 1, 0], &le32(central.len()), &le32(local.len()), &[0; 2]]
            .concat();
    [local, central, end].concat()
}

pub(super) fn liars() -> io::Result<Vec<Liar>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&vec![0; 64 * MEBIBYTE])?;
    let mut liars = vec![
        liar("nothing", Fate::ByHeader("empty"), Vec::new()),
        liar("one-byte", Fate::ByHeader("not_an_image"), vec![0x89]),
        liar("zeros", Fate::ByHeader("not_an_image"), vec![0; 8 * MEBIBYTE]),
        liar(
            "text",
            Fate::ByHeader("not_an_image"),
            b"GIF is a format of pictures, and this is none.".to_vec(),
        ),
        liar("svg", Fate::ByHeader("unsupported"), svg(SCRIPT)),
        liar("svg-that-reads-files", Fate::ByHeader("unsupported"), {
            svg(b"<image href=\"file:///etc/passwd\"/><image href=\"http://169.254.169.254/latest/meta-data/\"/>")
        }),
        liar("svg-of-a-billion-laughs", Fate::ByHeader("unsupported"), laughs()),
        liar(
            "html",
            Fate::ByHeader("not_an_image"),
            [b"<!DOCTYPE html><html><body>".as_slice(), SCRIPT].concat(),
        ),
        liar("html-in-two-bytes-a-letter", Fate::ByHeader("not_an_image"), {
            b"\xFF\xFE".iter().copied().chain("<html>".encode_utf16().flat_map(u16::to_le_bytes)).collect()
        }),
        liar("zip", Fate::ByHeader("not_an_image"), zip(b"a.jpg", b"not a picture")),
        liar("gzip-bomb", Fate::ByHeader("not_an_image"), gzip.finish()?),
        liar(
            "executable",
            Fate::ByHeader("not_an_image"),
            [b"\x7FELF\x02\x01\x01".as_slice(), &[0; 99]].concat(),
        ),
        liar(
            "film",
            Fate::ByHeader("not_an_image"),
            b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom and the frames of a film".to_vec(),
        ),
        liar("pdf-with-a-picture-in-it", Fate::ByHeader("unsupported"), {
            [b"%PDF-1.7\n1 0 obj<</Subtype/Image>>stream\n".as_slice(), &jpeg::gray(16, &[])].concat()
        }),
        liar(
            "postscript",
            Fate::Either("unknown, or known and not read"),
            b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file".to_vec(),
        ),
        liar("imagemagick-script", Fate::ByHeader("not_an_image"), {
            b"push graphic-context\nviewbox 0 0 9 9\nfill 'url(https://127.0.0.1/\"|id\")'\npop graphic-context".to_vec()
        }),
        liar(
            "two-signatures",
            Fate::Refused,
            [b"\x89PNG\r\n\x1A\n\xFF\xD8\xFF\xE0".as_slice(), &[0; 99]].concat(),
        ),
    ];
    liars.extend(polyglots()?);
    Ok(liars)
}

/// Pictures that are whole, and something else to who reads them from the other end. Their thumbnails are pictures alone.
fn polyglots() -> io::Result<Vec<Liar>> {
    let archive = zip(b"index.html", SCRIPT);
    let small = webp::lossless(16, 16)?;
    Ok(vec![
        liar(
            "gif-and-archive",
            Fate::Either("what follows the end of a GIF"),
            [gif::dot(), archive.clone()].concat(),
        ),
        liar("gif-and-script", Fate::Either("a GIF whose sides are a comment's beginning"), {
            let mut file = gif::dot();
            file.splice(6..10, *b"/*\0\0");
            [file, b"*/=1;alert(1)".to_vec()].concat()
        }),
        liar("jpeg-and-page", Fate::Legal("comments are passed over"), {
            jpeg::gray(16, &jpeg::segment(0xFE, &[b"<html>-->".as_slice(), SCRIPT].concat()))
        }),
        liar(
            "jpeg-and-archive",
            Fate::Legal("what follows the end is nobody's"),
            [jpeg::gray(16, &[]), archive.clone()].concat(),
        ),
        liar(
            "png-and-archive",
            Fate::Legal("what follows the end is nobody's"),
            [png::gray(16, &[])?, archive.clone()].concat(),
        ),
        liar(
            "png-and-page",
            Fate::Legal("texts are not read"),
            png::gray(16, &png::chunk(*b"tEXt", &[b"a\0", SCRIPT].concat()))?,
        ),
        liar(
            "webp-and-archive",
            Fate::Legal("what follows the end is nobody's"),
            [webp::riff(&small), archive].concat(),
        ),
        liar(
            "jpeg-and-jpeg",
            Fate::Legal("the first of them"),
            [jpeg::gray(16, &[]), jpeg::gray(10_900, &[])].concat(),
        ),
    ])
}
