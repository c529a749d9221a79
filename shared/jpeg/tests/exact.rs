//! Every kind of picture at every scale, held against an exact transform of the same coefficients in floating point.
#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod pictures;
mod writer;

use pictures::decode;
use thumbline_jpeg::{Channels, Decoder, Error, Scale};
use writer::{Component, Picture, Scan, ZIGZAG};

/// Coefficients as those of a picture: the higher, the smaller and the rarer.
fn components(size: (usize, usize), samplings: &[(usize, usize)]) -> Vec<Component> {
    let mut state = 0x0123_4567_89AB_CDEF_u64;
    let mut random = move |below: i32| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as i32
    };
    let most = |side: fn(&(usize, usize)) -> usize| samplings.iter().map(side).max().unwrap();
    let (most_across, most_down) = (most(|one| one.0), most(|one| one.1));
    let component = |(index, &(across, down)): (usize, &(usize, usize))| {
        let blocks_wide = size.0.div_ceil(8 * most_across) * across;
        let blocks_high = size.1.div_ceil(8 * most_down) * down;
        let block = |_: usize| {
            let mut block = [0; 64];
            block[0] = random(120) - 60;
            let last = [0, 3, 9, 20, 63][random(5) as usize];
            for (index, coefficient) in block.iter_mut().enumerate().take(last + 1).skip(1) {
                let range = 24 / (1 + i32::try_from(index).unwrap() / 3) + 2;
                *coefficient = if random(3) == 0 { 0 } else { random(range * 2 + 1) - range };
            }
            block
        };
        let blocks = (0..blocks_wide * blocks_high).map(block).collect();
        Component { id: index as u8 + 1, across, down, step: 6 + index as u16, blocks_wide, blocks }
    };
    samplings.iter().enumerate().map(component).collect()
}

/// The basis functions of T.81 A.3.3 for so many points: for each point, what each of eight coefficients adds to it.
fn basis(points: usize) -> Vec<[f64; 8]> {
    let weight = |x: usize, u: usize| match u {
        0 => 1.0,
        u if u >= points => 0.0,
        u => (((2 * x + 1) * u) as f64 * std::f64::consts::PI / (2 * points) as f64).cos() * 2_f64.sqrt(),
    };
    (0..points).map(|x| std::array::from_fn(|u| weight(x, u))).collect()
}

/// T.81 A.3.3 for a block.
fn transform(block: &[i32; 64], step: u16, across: &[[f64; 8]], down: &[[f64; 8]]) -> Vec<f64> {
    let mut samples = Vec::new();
    for (down, across) in down.iter().flat_map(|down| across.iter().map(move |across| (down, across))) {
        let mut sum = 0.0;
        for (index, &coefficient) in block.iter().enumerate().filter(|(_, coefficient)| **coefficient != 0) {
            let value = f64::from(coefficient * i32::from(step));
            sum += value * down[ZIGZAG[index] / 8] * across[ZIGZAG[index] % 8];
        }
        samples.push((sum / 8.0 + 128.0).clamp(0.0, 255.0));
    }
    samples
}

/// What a decoder does along one side: to how many points it transforms, and by what it enlarges after that.
fn enlargement(eighths: usize, factor: usize, most: usize) -> (usize, usize, usize) {
    let exact = eighths * most / factor;
    if eighths < 8 && (eighths * most).is_multiple_of(factor) {
        if exact <= 16 {
            return (exact, 1, 1);
        }
        if exact.is_multiple_of(2) && exact / 2 <= 16 {
            return (exact / 2, 1, 2);
        }
    }
    (eighths, factor, most)
}

/// A row of samples, or a column, at the picture's size.
fn enlarge(samples: &[f64], from: usize, to: usize, size: usize, is_small: bool) -> Vec<f64> {
    let at = |index: isize| samples[index.clamp(0, samples.len().cast_signed() - 1).cast_unsigned()];
    let sample = |x: usize| {
        if from * 2 == to && !is_small {
            let near = (x / 2).cast_signed();
            let far = if x.is_multiple_of(2) { near - 1 } else { near + 1 };
            at(near) * 0.75 + at(far) * 0.25
        } else {
            at((x * from / to).cast_signed())
        }
    };
    (0..size).map(sample).collect()
}

/// One component at the picture's size.
fn plane(component: &Component, size: (usize, usize), most: (usize, usize), eighths: usize) -> Vec<f64> {
    let (points_across, from_across, to_across) = enlargement(eighths, component.across, most.0);
    let (points_down, from_down, to_down) = enlargement(eighths, component.down, most.1);
    let stride = component.blocks_wide * points_across;
    let mut samples = vec![0.0; component.blocks.len() * points_across * points_down];
    let (basis_across, basis_down) = (basis(points_across), basis(points_down));
    for (index, block) in component.blocks.iter().enumerate() {
        let (row, column) = (index / component.blocks_wide, index % component.blocks_wide);
        let start = row * points_down * stride + column * points_across;
        let block = transform(block, component.step, &basis_across, &basis_down);
        for (y, samples_of_row) in block.chunks(points_across).enumerate() {
            samples[start + y * stride..][..points_across].copy_from_slice(samples_of_row);
        }
    }
    let width = (size.0 * component.across * points_across).div_ceil(most.0 * 8);
    let height = (size.1 * component.down * points_down).div_ceil(most.1 * 8);
    let scaled = |side: usize| (side * eighths).div_ceil(8);
    let rows: Vec<Vec<f64>> = (0..height)
        .map(|y| &samples[y * stride..][..width])
        .map(|row| enlarge(row, from_across, to_across, scaled(size.0), width <= 2))
        .collect();
    let is_repeated = from_across != to_across && (from_across * 2 != to_across || width <= 2);
    let mut plane = vec![0.0; scaled(size.0) * scaled(size.1)];
    for x in 0..scaled(size.0) {
        let column: Vec<f64> = rows.iter().map(|row| row[x]).collect();
        let column = enlarge(&column, from_down, to_down, scaled(size.1), is_repeated);
        for (y, sample) in column.into_iter().enumerate() {
            plane[y * scaled(size.0) + x] = sample;
        }
    }
    plane
}

/// What components mean.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Colors {
    /// Themselves: grey, RGB, CMYK.
    Plain,
    /// ITU-T T.871.
    YCbCr,
    /// YCbCr whose RGB are inverted inks, as is the fourth component.
    Ycck,
}

/// Sampling factors of all components, what they mean, and the transform that Adobe's segment names.
type Model<'m> = (&'m [(usize, usize)], Colors, Option<u8>);

/// All pixels.
fn exact(components: &[Component], size: (usize, usize), eighths: usize, colors: Colors) -> Vec<f64> {
    let most_across = components.iter().map(|component| component.across).max().unwrap();
    let most_down = components.iter().map(|component| component.down).max().unwrap();
    let planes: Vec<Vec<f64>> = components
        .iter()
        .map(|component| plane(component, size, (most_across, most_down), eighths))
        .collect();
    let mut pixels = Vec::new();
    for index in 0..planes[0].len() {
        let samples: Vec<f64> = planes.iter().map(|plane| plane[index]).collect();
        match samples[..] {
            [y, cb, cr, ref others @ ..] if colors != Colors::Plain => {
                let (cb, cr) = (cb - 128.0, cr - 128.0);
                let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
                pixels.extend(rgb.map(|color| color.clamp(0.0, 255.0)));
                pixels.extend(others.iter().map(|black| 255.0 - black));
            }
            _ => pixels.extend(samples),
        }
    }
    pixels
}

fn psnr(pixels: &[u8], exact: &[f64]) -> f64 {
    assert_eq!(pixels.len(), exact.len());
    let sum: f64 = pixels.iter().zip(exact).map(|(&one, other)| (f64::from(one) - other).powi(2)).sum();
    10.0 * (255.0_f64.powi(2) * exact.len() as f64 / sum).log10()
}

/// Every way to send coefficients that T.81 G.1.1.1 allows, by what it is good for.
fn progressions(count: usize) -> Vec<Vec<Scan>> {
    let all: Vec<usize> = (0..count).collect();
    let dc = || vec![Scan::progressive(&all, (0, 0), 0, 0)];
    let of_each = |scans: &dyn Fn(usize) -> Vec<Scan>| (0..count).flat_map(scans).collect::<Vec<_>>();
    // Spectral selection alone, in bands of any width, in any order of the components.
    let mut bands = dc();
    for (first, last) in [(10, 63), (1, 1), (2, 9)] {
        bands.extend((0..count).rev().map(|component| Scan::progressive(&[component], (first, last), 0, 0)));
    }
    // Successive approximation alone, of DC not interleaved.
    let mut bits = of_each(&|component| {
        (0..4)
            .rev()
            .map(|low| Scan::progressive(&[component], (0, 0), if low == 3 { 0 } else { low + 1 }, low))
            .collect()
    });
    for low in (0..4).rev() {
        let high = if low == 3 { 0 } else { low + 1 };
        bits.extend((0..count).map(|component| Scan::progressive(&[component], (1, 63), high, low)));
    }
    // One component after the other, to its end.
    let mut one_by_one = dc();
    one_by_one.extend(of_each(&|component| {
        vec![
            Scan::progressive(&[component], (1, 8), 0, 1),
            Scan::progressive(&[component], (9, 63), 0, 2),
            Scan::progressive(&[component], (9, 63), 2, 1),
            Scan::progressive(&[component], (1, 63), 1, 0),
        ]
    }));
    // A scan for every few coefficients.
    let mut places = dc();
    places.extend(of_each(&|component| {
        (0..21).map(|place| Scan::progressive(&[component], (place * 3 + 1, place * 3 + 3), 0, 0)).collect()
    }));
    vec![progression(count), bands, bits, one_by_one, places]
}

/// As libjpeg sends them: coefficients in bands, and bit by bit.
fn progression(count: usize) -> Vec<Scan> {
    let all: Vec<usize> = (0..count).collect();
    let mut scans = vec![Scan::progressive(&all, (0, 0), 0, 1)];
    for component in 0..count {
        scans.push(Scan::progressive(&[component], (1, 5), 0, 2));
        scans.push(Scan::progressive(&[component], (6, 63), 0, 2));
    }
    scans.push(Scan::progressive(&all, (0, 0), 1, 0));
    for component in 0..count {
        scans.push(Scan::progressive(&[component], (1, 63), 2, 1));
        scans.push(Scan::progressive(&[component], (1, 40), 1, 0));
        scans.push(Scan::progressive(&[component], (41, 63), 1, 0));
    }
    scans
}

/// Each way to code the same coefficients: all must give the same pixels.
fn codings(picture: &Picture<'_>) -> Vec<Vec<u8>> {
    let count = picture.components.len();
    let all: Vec<usize> = (0..count).collect();
    let single: Vec<Scan> = (0..count).rev().map(|component| Scan::sequential(&[component])).collect();
    let baseline = [Scan::sequential(&all)];
    let long_codes = Picture { code_length: 16, ..picture.clone() };
    // An end of block, and values of one and two bits.
    let short_codes = Picture { short_codes: &[0, 1, 2], ..picture.clone() };
    let restarts = Picture { restart: 3, ..picture.clone() };
    let wide_steps = Picture { wide_steps: true, ..picture.clone() };
    let mut codings = vec![picture.write(0xC0, &baseline)];
    for scans in progressions(count) {
        // None, every MCU, some, and more than there are.
        for restart in [0, 1, 5, 1000] {
            codings.push(Picture { restart, ..picture.clone() }.write(0xC2, &scans));
        }
    }
    for restart in [1, 7, 1000] {
        codings.push(Picture { restart, ..picture.clone() }.write(0xC0, &baseline));
    }
    codings.extend([
        picture.write(0xC1, &single),
        long_codes.write(0xC1, &baseline),
        long_codes.write(0xC2, &progression(count)),
        short_codes.write(0xC1, &baseline),
        short_codes.write(0xC2, &progression(count)),
        restarts.write(0xC1, &baseline),
        restarts.write(0xC1, &single),
        wide_steps.write(0xC1, &baseline),
        Picture { late_height: true, ..picture.clone() }.write(0xC0, &baseline),
        Picture { late_height: true, ..restarts.clone() }.write(0xC2, &progression(count)),
    ]);
    if count > 2 {
        let split = [Scan::sequential(&all[..1]), Scan::sequential(&all[1..])];
        codings.push(picture.write(0xC0, &split));
    }
    codings
}

const SIZES: [(usize, usize); 5] = [(1, 1), (50, 37), (16, 65), (7, 8), (33, 21)];

/// Of components that mean YCbCr.
const SAMPLINGS: [[(usize, usize); 3]; 18] = [
    [(1, 1), (1, 1), (1, 1)],
    [(2, 1), (1, 1), (1, 1)],
    [(1, 2), (1, 1), (1, 1)],
    [(2, 2), (1, 1), (1, 1)],
    [(4, 1), (1, 1), (1, 1)],
    [(1, 4), (1, 1), (1, 1)],
    [(4, 2), (1, 1), (1, 1)],
    [(2, 4), (1, 1), (1, 1)],
    [(2, 2), (2, 1), (2, 1)],
    [(2, 2), (1, 2), (1, 2)],
    [(2, 2), (2, 2), (2, 2)],
    [(4, 1), (2, 1), (2, 1)],
    [(1, 1), (2, 2), (1, 1)],
    [(3, 1), (1, 1), (1, 1)],
    [(1, 3), (1, 1), (1, 1)],
    [(3, 2), (1, 1), (2, 1)],
    [(3, 3), (1, 1), (1, 1)],
    [(4, 1), (3, 1), (2, 1)],
];

#[test]
fn every_sampling_at_every_scale_is_exact() {
    let mut least = f64::MAX;
    for (size, sampling) in SIZES.into_iter().flat_map(|size| SAMPLINGS.map(|sampling| (size, sampling))) {
        let components = components(size, &sampling);
        let picture = Picture::new(size, &components);
        let codings = codings(&picture);
        for eighths in 1..=8 {
            let scale = Scale::eighths(eighths).unwrap();
            let (pixels, channels) = decode(&codings[0], scale);
            assert_eq!(channels, Channels::Rgb);
            let psnr = psnr(&pixels, &exact(&components, size, eighths.into(), Colors::YCbCr));
            assert!(psnr >= 50.0, "{psnr} dB: {size:?} {sampling:?} {eighths}/8");
            least = least.min(psnr);
            for (index, coding) in codings.iter().enumerate() {
                assert!(
                    decode(coding, scale).0 == pixels,
                    "coding {index}: {size:?} {sampling:?} {eighths}/8"
                );
            }
        }
    }
    println!("at least {least:.1} dB");
}

/// What a scale leaves of a component's coefficients, which covers so many pixels across and down for each sample that it has.
fn blunted(component: &Component, most: (usize, usize), eighths: usize, detail: u8) -> Component {
    let points = |factor, most| enlargement(eighths, factor, most).0.min(8);
    let (across, down) = (points(component.across, most.0), points(component.down, most.1));
    let frequency = |half_waves: usize, factor: usize, most: usize| {
        (half_waves * factor) as f64 / (most * eighths) as f64
    };
    let is_shown = |index: &usize| {
        let (u, v) = (ZIGZAG[*index] % 8, ZIGZAG[*index] / 8);
        let frequency = frequency(u, component.across, most.0).hypot(frequency(v, component.down, most.1));
        u < across && v < down && frequency <= f64::from(detail) / 100.0
    };
    let last = (0..64).rev().find(is_shown).unwrap();
    let blunt = |block: &[i32; 64]| std::array::from_fn(|index| if index > last { 0 } else { block[index] });
    Component { blocks: component.blocks.iter().map(blunt).collect(), ..component.clone() }
}

#[test]
fn less_detail_is_what_is_left_without_the_last_coefficients() {
    for (size, sampling) in SAMPLINGS.map(|sampling| ((50, 37), sampling)) {
        let components = components(size, &sampling);
        let most = |side: fn(&Component) -> usize| components.iter().map(side).max().unwrap();
        let most = (most(|component| component.across), most(|component| component.down));
        let codings = codings(&Picture::new(size, &components));
        for eighths in 1..=8 {
            let scale = Scale::eighths(eighths).unwrap();
            for detail in [0, 45, 71, 107, 142] {
                let left: Vec<Component> = components
                    .iter()
                    .map(|component| blunted(component, most, eighths.into(), detail))
                    .collect();
                let expected =
                    decode(&Picture::new(size, &left).write(0xC1, &[Scan::sequential(&[0, 1, 2])]), scale);
                for (index, coding) in codings.iter().enumerate().step_by(5) {
                    assert!(
                        decode(coding, scale.with_detail(detail)) == expected,
                        "coding {index}: {sampling:?} {eighths}/8, {detail} hundredths"
                    );
                }
            }
        }
    }
}

/// The width of each component and its rows, each at a scale of its own.
fn planes(jpeg: &[u8], eighths: [u8; 3]) -> [(usize, Vec<u8>); 3] {
    let scale = |component: usize| Scale::eighths(eighths[component]).unwrap();
    let decoder = Decoder::new(jpeg).unwrap();
    let mut planes: [(usize, Vec<u8>); 3] = Default::default();
    let keep = |component: usize, row: &[u8]| {
        planes[component].1.extend_from_slice(row);
        Ok::<_, Error>(())
    };
    decoder.decode_planes(scale, keep).unwrap();
    for (component, (width, plane)) in planes.iter_mut().enumerate() {
        let size = decoder.plane_size(component, scale(component)).unwrap();
        *width = size.width as usize;
        assert_eq!(plane.len(), (size.width * size.height) as usize);
        assert!(
            (f64::from(size.width) - size.extent.0) < 1.0 && (f64::from(size.height) - size.extent.1) < 1.0
        );
    }
    planes
}

#[test]
fn a_plane_is_its_component_as_if_it_were_a_grey_picture() {
    for (size, sampling) in SIZES.into_iter().flat_map(|size| SAMPLINGS.map(|sampling| (size, sampling))) {
        let components = components(size, &sampling);
        let codings = codings(&Picture::new(size, &components));
        let most = |side: fn(&(usize, usize)) -> usize| sampling.iter().map(side).max().unwrap();
        let alone = components.iter().map(|component| {
            let side = |side: usize, factor: usize, most: usize| (side * factor).div_ceil(most);
            let width = side(size.0, component.across, most(|one| one.0));
            let height = side(size.1, component.down, most(|one| one.1));
            // Without what fills up the MCUs that only several components have.
            let (wide, high) = (width.div_ceil(8), height.div_ceil(8));
            let rows = component.blocks.chunks(component.blocks_wide).take(high);
            let blocks = rows.flat_map(|row| row[..wide].to_vec()).collect();
            let gray = [Component { id: 1, across: 1, down: 1, blocks_wide: wide, blocks, ..*component }];
            Picture::new((width, height), &gray).write(0xC0, &[Scan::sequential(&[0])])
        });
        let alone: Vec<Vec<u8>> = alone.collect();
        for eighths in [[8, 8, 8], [8, 4, 4], [3, 3, 3], [2, 3, 5], [1, 7, 6], [6, 1, 2]] {
            for (index, coding) in codings.iter().enumerate().step_by(5) {
                for ((width, plane), (gray, eighths)) in
                    planes(coding, eighths).into_iter().zip(alone.iter().zip(eighths))
                {
                    let scale = Scale::eighths(eighths).unwrap();
                    let gray_width = Decoder::new(gray).unwrap().scaled_size(scale).0 as usize;
                    let gray = decode(gray, scale).0;
                    // The side of a component is rounded up, and may be so again at a scale.
                    let rows = gray.chunks(gray_width).zip(plane.chunks(width));
                    assert!(rows.clone().count() == plane.len() / width);
                    for (gray, row) in rows {
                        assert!(&gray[..width] == row, "coding {index}: {size:?} {sampling:?} {eighths:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_colour_model_at_every_scale_is_exact() {
    let models: [Model<'_>; 8] = [
        (&[(1, 1)], Colors::Plain, None),
        (&[(2, 2)], Colors::Plain, None),
        (&[(1, 1); 3], Colors::Plain, Some(0)),
        (&[(2, 1), (2, 1), (1, 1)], Colors::Plain, Some(0)),
        (&[(1, 1); 4], Colors::Plain, None),
        (&[(2, 2), (1, 1), (1, 1), (2, 2)], Colors::Plain, None),
        (&[(1, 1); 4], Colors::Ycck, Some(2)),
        (&[(2, 2), (1, 1), (1, 1), (2, 2)], Colors::Ycck, Some(2)),
    ];
    for (size, (sampling, colors, adobe)) in
        SIZES.into_iter().flat_map(|size| models.map(|model| (size, model)))
    {
        let components = components(size, sampling);
        let segment = |transform| (0xEE, [b"Adobe\0\x64\0\0\0\0".as_slice(), &[transform]].concat());
        let picture =
            Picture { segments: adobe.map(segment).into_iter().collect(), ..Picture::new(size, &components) };
        let codings = codings(&picture);
        for eighths in 1..=8 {
            let scale = Scale::eighths(eighths).unwrap();
            let (pixels, channels) = decode(&codings[0], scale);
            assert_eq!(channels.count(), sampling.len());
            let psnr = psnr(&pixels, &exact(&components, size, eighths.into(), colors));
            assert!(psnr >= 50.0, "{psnr} dB: {size:?} {sampling:?} {colors:?} {eighths}/8");
            for (index, coding) in codings.iter().enumerate() {
                assert!(
                    decode(coding, scale).0 == pixels,
                    "coding {index}: {size:?} {sampling:?} {eighths}/8"
                );
            }
        }
    }
}

#[test]
fn stray_bytes_between_segments_harm_nobody() {
    let components = components((50, 37), &[(2, 2), (1, 1), (1, 1)]);
    let picture = Picture::new((50, 37), &components);
    let (plain, scans) = (picture.write(0xC0, &[Scan::sequential(&[0, 1, 2])]), progression(3));
    for stray in [vec![0; 3], vec![0xFF; 5], vec![7, 0xFF, 0, 9], vec![0xFF, 0xD3]] {
        let picture = Picture { stray, ..picture.clone() };
        for mut jpeg in [picture.write(0xC0, &[Scan::sequential(&[0, 1, 2])]), picture.write(0xC2, &scans)] {
            jpeg.extend(b"what follows the end");
            assert!(decode(&jpeg, Scale::FULL) == decode(&plain, Scale::FULL));
        }
    }
}
