//! All samples: what each is, and how it is made. `samples/README.md` says what each is for.

use std::io::Cursor;

use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, DynamicImage, Frame, ImageFormat, RgbaImage, imageops};

use crate::canvas::{Canvas, Color};
use crate::jpeg::{self, Colors, Kind};
use crate::png::{self, color_type};
use crate::scene::landscape;

/// One file of the samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its name in `samples/pictures`.
    pub file: String,
    /// All of its bytes.
    pub bytes: Vec<u8>,
}

/// Makes every sample. Takes a second or two.
pub fn all() -> Vec<Sample> {
    let mut samples = photographs();
    samples.extend(orientations());
    samples.extend(drawings());
    samples.extend(shapes_of_trouble());
    samples
}

fn sample(file: &str, bytes: Vec<u8>) -> Sample {
    Sample { file: file.into(), bytes }
}

/// JPEGs as cameras, telephones, scanners and printers make them.
fn photographs() -> Vec<Sample> {
    let plain = |picture: &RgbaImage| jpeg::encode(picture, Kind::PLAIN, None);
    let of_colors = |picture: &RgbaImage, colors| jpeg::encode(picture, Kind { colors, ..Kind::PLAIN }, None);
    let photo = landscape(4000, 3000, 1);
    let medium = landscape(1200, 800, 2);
    let small = landscape(600, 400, 3);
    let thumbnail = plain(&landscape(160, 107, 2));
    let film = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom and then the frames of a film".as_slice();
    vec![
        sample("photo.jpg", jpeg::encode(&photo, Kind { quality: 80, ..Kind::PLAIN }, None)),
        sample("progressive.jpg", jpeg::encode(&medium, Kind { progressive: true, ..Kind::PLAIN }, None)),
        sample(
            "scan-per-component.jpg",
            jpeg::encode(&small, Kind { several_scans: true, ..Kind::PLAIN }, None),
        ),
        sample("grayscale.jpg", of_colors(&medium, Colors::Gray)),
        sample("cmyk.jpg", of_colors(&small, Colors::Cmyk)),
        sample("ycck.jpg", of_colors(&small, Colors::Ycck)),
        sample(
            "with-thumbnail.jpg",
            jpeg::encode(&small, Kind::PLAIN, Some(&jpeg::exif(1, Some(&thumbnail)))),
        ),
        sample("motion-photo.jpg", [plain(&small).as_slice(), film].concat()),
        sample("a b+c ünï 日本.jpg", plain(&landscape(480, 640, 4))),
        sample("100% = half.jpg", plain(&landscape(320, 200, 5))),
    ]
}

/// The same scene eight times, stored in each of the ways that EXIF knows: all are to be seen alike.
fn orientations() -> Vec<Sample> {
    (1_u8..=8)
        .map(|orientation| {
            let stored = store(signpost(orientation), orientation);
            let exif = jpeg::exif(orientation.into(), None);
            sample(&format!("orientation-{orientation}.jpg"), jpeg::encode(&stored, Kind::PLAIN, Some(&exif)))
        })
        .collect()
}

/// A landscape with an arrow that points up, and its number.
fn signpost(orientation: u8) -> RgbaImage {
    const RED: Color = [200, 30, 40];
    const WHITE: Color = [255, 255, 255];
    let mut canvas = Canvas::over(landscape(600, 400, 6));
    canvas.rectangle((40.0, 30.0), (180.0, 340.0), WHITE, 0.8);
    canvas.triangle((130.0, 50.0), 120.0, 100.0, RED, 1.0);
    canvas.rectangle((105.0, 150.0), (50.0, 100.0), RED, 1.0);
    canvas.text("UP", (64, 270), 12, RED);
    canvas.text(&orientation.to_string(), (520, 30), 12, WHITE);
    canvas.text("LEFT", (44, 372), 3, WHITE);
    canvas.text("RIGHT", (500, 372), 3, WHITE);
    canvas.finish()
}

/// Turns a picture the way in which a camera that was held like that would store it: the reverse of how it is seen.
fn store(seen: RgbaImage, orientation: u8) -> RgbaImage {
    match orientation {
        2 => imageops::flip_horizontal(&seen),
        3 => imageops::rotate180(&seen),
        4 => imageops::flip_vertical(&seen),
        5 => imageops::flip_horizontal(&imageops::rotate90(&seen)),
        6 => imageops::rotate270(&seen),
        7 => imageops::flip_horizontal(&imageops::rotate270(&seen)),
        8 => imageops::rotate90(&seen),
        _ => seen,
    }
}

/// Everything that is not a photograph: text, shapes, gradients, few colours and many.
fn drawings() -> Vec<Sample> {
    let mut animation = Cursor::new(Vec::new());
    animate(&mut animation);
    vec![
        sample("text.png", encode(&banner(), ImageFormat::Png)),
        sample("alpha.png", encode(&discs(640, 480), ImageFormat::Png)),
        sample("transparent.webp", encode(&discs(900, 600), ImageFormat::WebP)),
        sample("palette.png", palette()),
        sample("gradient-16-bit.png", gradient()),
        sample("bilevel.png", chessboard()),
        sample("animation.gif", animation.into_inner()),
        sample("drawing.bmp", opaque(&badge(240, 160), ImageFormat::Bmp)),
        sample("scan.tiff", opaque(&badge(300, 400), ImageFormat::Tiff)),
        sample(
            "dot.png",
            encode(&RgbaImage::from_pixel(1, 1, image::Rgba([200, 30, 40, 255])), ImageFormat::Png),
        ),
        sample("hairline.png", encode(&hairline(), ImageFormat::Png)),
        sample("really-a-png.jpg", encode(&badge(320, 240), ImageFormat::Png)),
    ]
}

fn encode(picture: &RgbaImage, format: ImageFormat) -> Vec<u8> {
    write(&DynamicImage::ImageRgba8(picture.clone()), format)
}

fn opaque(picture: &RgbaImage, format: ImageFormat) -> Vec<u8> {
    write(&DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(picture.clone()).into_rgb8()), format)
}

fn write(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).expect("memory can be written to");
    file.into_inner()
}

/// Dark letters on light: where bad resizing shows first.
fn banner() -> RgbaImage {
    let mut canvas = Canvas::new(1400, 360);
    canvas.paint(|_, _| [250, 248, 240]);
    canvas.text("THUMBLINE", (60, 60), 24, [30, 40, 60]);
    canvas.text("TINY LETTERS IN A LINE", (60, 260), 4, [90, 90, 90]);
    canvas.text("TINIER LETTERS IN A LINE", (60, 310), 2, [120, 40, 40]);
    canvas.finish()
}

/// Half transparent discs on nothing, black ones among them.
fn discs(width: u16, height: u16) -> RgbaImage {
    let mut canvas = Canvas::new(width.into(), height.into());
    let (width, height) = (f32::from(width), f32::from(height));
    canvas.disc((width * 0.36, height * 0.40), height * 0.30, [230, 40, 60], 0.8);
    canvas.disc((width * 0.62, height * 0.40), height * 0.30, [40, 170, 80], 0.8);
    canvas.disc((width * 0.49, height * 0.64), height * 0.30, [50, 90, 220], 0.8);
    canvas.disc((width * 0.10, height * 0.85), height * 0.10, [0, 0, 0], 1.0);
    canvas.disc((width * 0.90, height * 0.85), height * 0.10, [255, 255, 255], 0.5);
    canvas.finish()
}

fn badge(width: u16, height: u16) -> RgbaImage {
    let mut canvas = Canvas::new(width.into(), height.into());
    canvas.paint(|x, y| if (x / 20 + y / 20) % 2 == 0 { [236, 240, 245] } else { [220, 226, 235] });
    let (width, height) = (f32::from(width), f32::from(height));
    canvas.triangle((width / 2.0, height * 0.2), width * 0.6, height * 0.55, [40, 90, 160], 1.0);
    canvas.disc((width / 2.0, height * 0.55), height * 0.12, [250, 200, 60], 1.0);
    canvas.finish()
}

/// One pixel wide: whatever fits it into a box must not lose it.
fn hairline() -> RgbaImage {
    RgbaImage::from_fn(1, 4000, |_, y| {
        let level = u8::try_from(y * 255 / 3999).unwrap_or(u8::MAX);
        image::Rgba([level, 64, 255 - level, 255])
    })
}

/// Four bits for each pixel, sixteen colours, and the first of them transparent.
fn palette() -> Vec<u8> {
    const SIDE: u32 = 256;
    let colors = (0_u8..16).flat_map(|n| [n * 16, 240 - n * 12, 90 + n * 10]).collect();
    let header = png::Header { width: SIDE, height: SIDE, bits: 4, color_type: color_type::PALETTE };
    let color_at = |x: u32, y: u32| u8::try_from((x / 16 + y / 16) % 16).unwrap_or(0);
    let rows = (0..SIDE).map(move |y| {
        (0..SIDE / 2).map(move |pair| color_at(pair * 2, y) << 4 | color_at(pair * 2 + 1, y)).collect()
    });
    png::encode(&header, &[(b"PLTE", colors), (b"tRNS", vec![0])], rows)
}

/// Sixteen bits for each colour: steps too fine for eight.
fn gradient() -> Vec<u8> {
    let (width, height) = (320, 240);
    let header = png::Header { width, height, bits: 16, color_type: color_type::RGB };
    let level = |at: u32, of: u32| u16::try_from(at * 65_535 / (of - 1)).unwrap_or(u16::MAX).to_be_bytes();
    let rows = (0..height).map(move |y| {
        (0..width).flat_map(|x| [level(x, width), level(y, height), [0x80, 0]]).flatten().collect()
    });
    png::encode(&header, &[], rows)
}

/// One bit for each pixel.
fn chessboard() -> Vec<u8> {
    let header = png::Header { width: 400, height: 400, bits: 1, color_type: color_type::GRAY };
    // Fields of 40 pixels are five bytes wide.
    let row = |y: u32| {
        (0..50_u32).map(|byte| if (byte / 5 + y / 40).is_multiple_of(2) { 0xFF } else { 0 }).collect()
    };
    png::encode(&header, &[], (0..400).map(row))
}

fn animate(file: &mut Cursor<Vec<u8>>) {
    let mut encoder = GifEncoder::new(file);
    encoder.set_repeat(Repeat::Infinite).expect("memory can be written to");
    for step in 0_u8..6 {
        let mut canvas = Canvas::new(240, 120);
        canvas.disc((30.0 + f32::from(step) * 36.0, 60.0), 26.0, [240, 120 + step * 20, 30], 1.0);
        let frame = Frame::from_parts(canvas.finish(), 0, 0, Delay::from_numer_denom_ms(120, 1));
        encoder.encode_frame(frame).expect("memory can be written to");
    }
}

/// Files that cannot become thumbnails, each for another reason.
fn shapes_of_trouble() -> Vec<Sample> {
    let mut truncated = jpeg::encode(&landscape(900, 600, 7), Kind::PLAIN, None);
    truncated.truncate(truncated.len() * 3 / 5);
    let mut corrupt = encode(&badge(320, 240), ImageFormat::Png);
    let middle = corrupt.len() / 2;
    corrupt[middle] ^= 0x55;
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><circle r=\"4\"/></svg>\n";
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x08mdat";
    vec![
        sample("empty.jpg", Vec::new()),
        sample("truncated.jpg", truncated),
        sample("corrupt.png", corrupt),
        sample("text.jpg", b"This is a text that somebody has named .jpg.\n".to_vec()),
        sample("page.jpg", b"<!doctype html>\n<title>404</title>\n<p>The picture is not here.\n".to_vec()),
        sample("icon.svg", svg.to_vec()),
        sample("telephone.heic", heic.to_vec()),
        sample("bomb.png", bomb()),
    ]
}

/// A valid PNG of 50,000 by 50,000 black pixels: 300 KB that want to be 2.5 billion.
fn bomb() -> Vec<u8> {
    const SIDE: u32 = 50_000;
    let header = png::Header { width: SIDE, height: SIDE, bits: 1, color_type: color_type::GRAY };
    let row = vec![0; SIDE.div_ceil(8) as usize];
    png::encode(&header, &[], std::iter::repeat_n(row, SIDE as usize))
}
