//! AVIF: boxes in boxes, pictures of other sizes than they say, and data that are named again and again.
//! ISO/IEC 14496-12 and 23008-12; <https://aomediacodec.github.io/av1-avif/>

use anyhow::Context;
use thumbline_imaging::{Limits, OutputFormat, Rendition};

use super::bytes::{MEBIBYTE, be16, be32};
use super::liar::{Fate, Liar, liar};

/// A length, a name, content.
pub(crate) fn boxed(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    [be32(content.len() + 8).as_slice(), &name, content].concat()
}

fn full(name: [u8; 4], version: u8, content: &[u8]) -> Vec<u8> {
    boxed(name, &[&[version, 0, 0, 0], content].concat())
}

fn ispe(width: usize, height: usize) -> Vec<u8> {
    full(*b"ispe", 0, &[be32(width), be32(height)].concat())
}

/// An item: its number, its kind, and the pieces of the file that it consists of.
struct Item {
    kind: [u8; 4],
    extents: Vec<(usize, usize)>,
}

/// A file of items, each of which has all properties.
struct File {
    items: Vec<Item>,
    properties: Vec<Vec<u8>>,
    /// What the first item is made of: a list of items.
    made_of: Vec<usize>,
    data: Vec<u8>,
}

impl File {
    /// The places of data count from the beginning of the data.
    fn write(&self) -> Vec<u8> {
        let kind = boxed(*b"ftyp", b"avif\0\0\0\0avifmif1miaf");
        let data_at = kind.len() + self.meta(0).len() + 8;
        [kind, self.meta(data_at), boxed(*b"mdat", &self.data)].concat()
    }

    fn meta(&self, data_at: usize) -> Vec<u8> {
        let count = be16(self.items.len());
        let mut places = [&[0x44, 0], count.as_slice()].concat();
        let mut kinds = count.to_vec();
        let mut uses = be32(self.items.len()).to_vec();
        for (item, number) in self.items.iter().zip(1..) {
            places.extend([be16(number).as_slice(), &[0, 0], &be16(item.extents.len())].concat());
            for (at, bytes) in &item.extents {
                places.extend([be32(data_at + at), be32(*bytes)].concat());
            }
            // An item of a media type says which behind its name.
            let media_type: &[u8] = if item.kind == *b"mime" { b"application/rdf+xml\0" } else { b"" };
            kinds.extend(full(
                *b"infe",
                2,
                &[be16(number).as_slice(), &[0, 0], &item.kind, b"\0", media_type].concat(),
            ));
            let properties: Vec<u8> =
                (1..=self.properties.len()).map(|index| 0x80 | be16(index)[1]).collect();
            uses.extend([be16(number).as_slice(), &[be16(properties.len())[1]], &properties].concat());
        }
        let references = if self.made_of.is_empty() {
            Vec::new()
        } else {
            let numbers: Vec<u8> = self.made_of.iter().flat_map(|number| be16(*number)).collect();
            full(
                *b"iref",
                0,
                &boxed(*b"dimg", &[be16(1).as_slice(), &be16(self.made_of.len()), &numbers].concat()),
            )
        };
        let tables = [
            full(*b"hdlr", 0, &[[0; 4].as_slice(), b"pict", &[0; 13]].concat()),
            full(*b"pitm", 0, &be16(1)),
            full(*b"iloc", 0, &places),
            full(*b"iinf", 0, &kinds),
            references,
            boxed(*b"iprp", &[boxed(*b"ipco", &self.properties.concat()), full(*b"ipma", 0, &uses)].concat()),
        ];
        full(*b"meta", 0, &tables.concat())
    }
}

/// The properties of a picture of 16 by 16 pixels of 8 bits, as their boxes, and its AV1 data.
pub(crate) struct Picture {
    properties: Vec<Vec<u8>>,
    data: Vec<u8>,
}

impl Picture {
    /// Made by the engine, and taken apart.
    pub(crate) fn make() -> anyhow::Result<Picture> {
        let source = super::png::gray(16, &[])?;
        let rendition = Rendition::new(None, None).with_format(OutputFormat::Avif);
        let rendered = thumbline_imaging::render(&source, &[rendition], &Limits::default(), &|| false)?;
        let file = rendered.thumbnails.into_iter().next().context("no thumbnail")?.bytes;
        let find = |name: &[u8]| file.windows(4).position(|found| found == name);
        let whole = |name: &[u8]| {
            let at = find(name)?.checked_sub(4)?;
            let length = u32::from_be_bytes(file.get(at..at + 4)?.try_into().ok()?);
            file.get(at..at + usize::try_from(length).ok()?).map(<[u8]>::to_vec)
        };
        let data = file.get(find(b"mdat").context("no mdat")? + 4..).unwrap_or_default().to_vec();
        let properties = [b"av1C", b"pixi"].into_iter().filter_map(|name| whole(name)).collect();
        Ok(Picture { properties, data })
    }

    /// One item of these data that says that it has these sides.
    fn file(&self, width: usize, height: usize) -> File {
        File {
            items: vec![Item { kind: *b"av01", extents: vec![(0, self.data.len())] }],
            properties: [vec![ispe(width, height)], self.properties.clone()].concat(),
            made_of: Vec::new(),
            data: self.data.clone(),
        }
    }

    /// The same with further items, none of which is a picture: their kinds and their data.
    pub(crate) fn with_items(&self, items: &[([u8; 4], Vec<u8>)]) -> Vec<u8> {
        let mut file = self.file(16, 16);
        for (kind, data) in items {
            file.items.push(Item { kind: *kind, extents: vec![(file.data.len(), data.len())] });
            file.data.extend(data);
        }
        file.write()
    }

    /// A grid of these many cells, all of which are the same item.
    fn grid(&self, columns: usize, rows: usize, side: usize) -> File {
        let description =
            [&[0, 0, be16(rows - 1)[1], be16(columns - 1)[1]], be16(side).as_slice(), &be16(side)].concat();
        let at = self.data.len();
        File {
            items: vec![
                Item { kind: *b"grid", extents: vec![(at, description.len())] },
                Item { kind: *b"av01", extents: vec![(0, at)] },
            ],
            properties: [vec![ispe(side, side)], self.properties.clone()].concat(),
            made_of: vec![2; columns * rows],
            data: [self.data.clone(), description].concat(),
        }
    }
}

pub(super) fn liars() -> anyhow::Result<Vec<Liar>> {
    let picture = Picture::make()?;
    let plain = picture.file(16, 16);
    let kind = boxed(*b"ftyp", b"avif\0\0\0\0avifmif1miaf");
    let with_extents = |extents: Vec<(usize, usize)>| {
        File { items: vec![Item { kind: *b"av01", extents }], ..picture.file(16, 16) }.write()
    };
    let with_properties = |more: Vec<Vec<u8>>| {
        File { properties: [plain.properties.clone(), more].concat(), ..picture.file(16, 16) }.write()
    };
    let nested = (0..length_of_nest()).fold(Vec::new(), |inner, _| full(*b"meta", 0, &inner));
    Ok(vec![
        liar(
            "avif-as-it-should-be",
            Fate::Legal("to see that the others lie by what they say, and no other mistake"),
            plain.write(),
        ),
        liar(
            "avif-sides-of-4-billion",
            Fate::ByHeader("too_large"),
            picture.file(0xFFFF_FFFF, 0xFFFF_FFFF).write(),
        ),
        liar("avif-50000-by-50000", Fate::ByHeader("too_large"), picture.file(50_000, 50_000).write()),
        liar("avif-10000-by-10000-of-16-by-16", Fate::Refused, picture.file(10_000, 10_000).write()),
        liar("avif-1-by-1-of-16-by-16", Fate::Refused, picture.file(1, 1).write()),
        liar("avif-no-width", Fate::Refused, picture.file(0, 16).write()),
        liar("avif-grid-of-65536-cells", Fate::Refused, picture.grid(256, 256, 16).write()),
        liar(
            "avif-grid-of-4-billion-pixels",
            Fate::ByHeader("too_large"),
            picture.grid(100, 100, 65_535).write(),
        ),
        liar("avif-grid-of-itself", Fate::Refused, {
            File { made_of: vec![1; 4], ..picture.grid(2, 2, 32) }.write()
        }),
        liar("avif-64000-empty-pieces", Fate::Refused, with_extents(vec![(0, 0); 64_000])),
        liar(
            "avif-the-same-piece-64000-times",
            Fate::Refused,
            with_extents(vec![(0, picture.data.len()); 64_000]),
        ),
        liar("avif-piece-of-4-gibibytes", Fate::Refused, with_extents(vec![(0, 0xFFFF_FFFF)])),
        liar(
            "avif-many-properties",
            Fate::Either("properties that nobody needs"),
            with_properties(vec![boxed(*b"free", &[0; 8]); 100]),
        ),
        liar("avif-profile-of-16-mebibytes", Fate::Either("a profile that is too long is ignored"), {
            with_properties(vec![boxed(*b"colr", &[b"prof".as_slice(), &vec![0x61; 16 * MEBIBYTE]].concat())])
        }),
        liar("avif-turned-and-mirrored-100-times", Fate::Either("turns beyond the first"), {
            with_properties(vec![boxed(*b"irot", &[1]); 100])
        }),
        liar("avif-boxes-in-boxes", Fate::Refused, [kind.clone(), nested].concat()),
        liar(
            "avif-box-of-no-length",
            Fate::Refused,
            [kind.clone(), b"\0\0\0\x04meta".to_vec(), vec![0; 64]].concat(),
        ),
        liar("avif-box-of-all-bytes-there-are", Fate::Refused, {
            [kind.clone(), b"\0\0\0\x01meta\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF".to_vec(), vec![0; 64]].concat()
        }),
        liar(
            "avif-many-empty-boxes",
            Fate::Refused,
            [kind.clone(), boxed(*b"free", &[]).repeat(1_000_000)].concat(),
        ),
        liar(
            "avif-data-of-zeros",
            Fate::Refused,
            File { data: vec![0; plain.data.len()], ..picture.file(16, 16) }.write(),
        ),
        liar(
            "avif-data-of-ones",
            Fate::Refused,
            File { data: vec![0xFF; plain.data.len()], ..picture.file(16, 16) }.write(),
        ),
    ])
}

/// How many boxes lie in each other.
fn length_of_nest() -> usize {
    2_000
}
