//! Writes AVIF files of any structure around AV1 data, the wrong ones too.
#![allow(clippy::trivially_copy_pass_by_ref, reason = "names are written as b\"meta\"")]

/// The AV1 data of a file that has one picture.
pub fn payload(file: &[u8]) -> Vec<u8> {
    let at = file.windows(4).position(|name| name == b"mdat").unwrap();
    file[at + 4..].to_vec()
}

pub fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap();
    [&length.to_be_bytes()[..], name, content].concat()
}

fn full(name: &[u8; 4], version: u8, content: &[u8]) -> Vec<u8> {
    boxed(name, &[&[version, 0, 0, 0], content].concat())
}

/// An item: its kind, its data, whether they lie inside the `meta` box, and its properties.
#[derive(Clone)]
pub struct Item {
    pub kind: [u8; 4],
    pub data: Vec<u8>,
    pub inside: bool,
    pub properties: Vec<Vec<u8>>,
}

impl Item {
    pub fn picture(data: &[u8], width: u32, height: u32) -> Self {
        Self { kind: *b"av01", data: data.to_vec(), inside: false, properties: vec![ispe(width, height)] }
    }

    /// A grid, whose description lies inside the `meta` box.
    pub fn grid(columns: u8, rows: u8, width: u16, height: u16) -> Self {
        let mut data = vec![0, 0, rows - 1, columns - 1];
        data.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
        let properties = vec![ispe(width.into(), height.into())];
        Self { kind: *b"grid", data, inside: true, properties }
    }

    pub fn with(mut self, property: Vec<u8>) -> Self {
        self.properties.push(property);
        self
    }
}

pub fn ispe(width: u32, height: u32) -> Vec<u8> {
    full(b"ispe", 0, &[width.to_be_bytes(), height.to_be_bytes()].concat())
}

pub fn nclx(primaries: u16, transfer: u16, matrix: u16, full_range: bool) -> Vec<u8> {
    let numbers = [primaries, transfer, matrix].map(u16::to_be_bytes).concat();
    boxed(b"colr", &[b"nclx", &numbers[..], &[u8::from(full_range) << 7]].concat())
}

pub fn alpha() -> Vec<u8> {
    full(b"auxC", 0, b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")
}

/// A file of items, the first of which is the picture; references are from one to others, counted from 1.
pub struct File {
    pub items: Vec<Item>,
    pub references: Vec<([u8; 4], u16, Vec<u16>)>,
    /// Added to every place outside the `meta` box.
    pub shift: u32,
}

impl File {
    pub fn new(items: Vec<Item>) -> Self {
        Self { items, references: Vec::new(), shift: 0 }
    }

    pub fn refer(mut self, kind: &[u8; 4], from: u16, to: &[u16]) -> Self {
        self.references.push((*kind, from, to.to_vec()));
        self
    }

    pub fn write(&self) -> Vec<u8> {
        let ftyp = boxed(b"ftyp", b"avif\0\0\0\0avifmif1miaf");
        // The length of the tables does not depend on the places that they name.
        let begin = ftyp.len() + self.meta(0).len() + 8;
        let meta = self.meta(u32::try_from(begin).unwrap() + self.shift);
        let outside: Vec<u8> =
            self.items.iter().filter(|item| !item.inside).flat_map(|item| item.data.clone()).collect();
        [ftyp, meta, boxed(b"mdat", &outside)].concat()
    }

    fn meta(&self, begin: u32) -> Vec<u8> {
        let count = u16::try_from(self.items.len()).unwrap().to_be_bytes();
        let (mut iloc, mut infe, mut inside) =
            ([&[0x44, 0][..], &count].concat(), count.to_vec(), Vec::new());
        let (mut ipco, mut ipma) = (Vec::new(), u32::from(u16::from_be_bytes(count)).to_be_bytes().to_vec());
        let (mut number, mut outside) = (0_u8, begin);
        for (item, id) in self.items.iter().zip(1_u16..) {
            let id = id.to_be_bytes();
            infe.extend(full(b"infe", 2, &[&id, &[0, 0][..], &item.kind, b"\0"].concat()));
            let length = u32::try_from(item.data.len()).unwrap();
            let place = if item.inside { u32::try_from(inside.len()).unwrap() } else { outside };
            iloc.extend([&id[..], &[0, item.inside.into()], &[0, 0], &[0, 1]].concat());
            iloc.extend([place.to_be_bytes(), length.to_be_bytes()].concat());
            if item.inside {
                inside.extend(&item.data);
            } else {
                outside += length;
            }
            ipma.extend([&id[..], &[u8::try_from(item.properties.len()).unwrap()]].concat());
            for property in &item.properties {
                number += 1;
                ipco.extend(property);
                ipma.push(0x80 | number);
            }
        }
        let iprp = [boxed(b"ipco", &ipco), full(b"ipma", 0, &ipma)].concat();
        let mut iref = Vec::new();
        for (kind, from, to) in &self.references {
            let count = u16::try_from(to.len()).unwrap();
            let numbers: Vec<u8> = [*from, count].iter().chain(to).flat_map(|n| n.to_be_bytes()).collect();
            iref.extend(boxed(kind, &numbers));
        }
        let tables = [
            full(b"hdlr", 0, b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0"),
            full(b"pitm", 0, &[0, 1]),
            full(b"iloc", 1, &iloc),
            full(b"iinf", 0, &infe),
            full(b"iref", 0, &iref),
            boxed(b"iprp", &iprp),
            boxed(b"idat", &inside),
        ];
        full(b"meta", 0, &tables.concat())
    }
}
