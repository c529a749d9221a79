//! The `meta` box: which items the file holds, where their bytes lie, and what is said about them (ISO/IEC 14496-12,
//! 8.11; ISO/IEC 23008-12, 6 and 9).
//!
//! The tables are read once, and every one of them has a most that it may hold, so that a file of millions of entries
//! costs no more than being refused.

use std::collections::BTreeMap;

use super::boxes::{Content, Name, corrupt, shown, truncated, unsupported};
use crate::error::Error;

/// The most entries of any table. A picture of 120 megapixels in cells of 512 by 512 pixels has 460.
const MAX_ENTRIES: usize = 16_384;

/// The number of an item. Zero is none.
pub(super) type ItemId = u32;

/// The tables of a `meta` box.
pub(super) struct Meta<'a> {
    pub(super) primary: ItemId,
    kinds: BTreeMap<ItemId, Name>,
    places: BTreeMap<ItemId, Place>,
    references: Vec<Reference>,
    properties: Vec<Content<'a>>,
    associations: BTreeMap<ItemId, Vec<Association>>,
    /// What lies inside the `meta` box itself.
    inner_data: &'a [u8],
}

/// Where the bytes of an item lie (8.11.3).
struct Place {
    inside_meta: bool,
    extents: Vec<(u64, u64)>,
}

/// From one item to another (8.11.12).
struct Reference {
    kind: Name,
    from: ItemId,
    to: ItemId,
}

/// That a property belongs to an item (ISO/IEC 23008-12, 9.3).
#[derive(Clone, Copy)]
struct Association {
    /// From 1.
    property: u16,
    essential: bool,
}

/// A property of an item.
pub(super) struct Property<'a> {
    pub(super) content: Content<'a>,
    /// Whether the item must not be shown without it.
    pub(super) essential: bool,
}

impl<'a> Meta<'a> {
    /// Reads the content of a `meta` box.
    pub(super) fn read(mut content: Content<'a>) -> Result<Self, Error> {
        content.version_and_flags()?;
        let mut meta = Self {
            primary: 0,
            kinds: BTreeMap::new(),
            places: BTreeMap::new(),
            references: Vec::new(),
            properties: Vec::new(),
            associations: BTreeMap::new(),
            inner_data: &[],
        };
        while let Some(table) = content.next_box()? {
            match &table.name() {
                b"hdlr" => check_handler(table)?,
                b"pitm" => meta.primary = read_primary(table)?,
                b"iinf" => meta.read_items(table)?,
                b"iloc" => meta.read_places(table)?,
                b"iref" => meta.read_references(table)?,
                b"iprp" => meta.read_properties(table)?,
                b"idat" => meta.inner_data = table.rest(),
                _ => {}
            }
        }
        Ok(meta)
    }

    /// The kind of an item, as in `av01`.
    pub(super) fn kind(&self, item: ItemId) -> Result<Name, Error> {
        let kind = self.kinds.get(&item).copied();
        kind.ok_or_else(|| corrupt(format!("item {item} is spoken of, and does not exist")))
    }

    /// The items that `item` refers to, in their order.
    pub(super) fn referred_by(&self, item: ItemId, kind: Name) -> impl Iterator<Item = ItemId> {
        self.references.iter().filter(move |link| link.from == item && link.kind == kind).map(|link| link.to)
    }

    /// The items that refer to `item`.
    pub(super) fn referring_to(&self, item: ItemId, kind: Name) -> impl Iterator<Item = ItemId> {
        self.references.iter().filter(move |link| link.to == item && link.kind == kind).map(|link| link.from)
    }

    /// The properties of an item, in the order in which they are to be applied.
    pub(super) fn properties(&self, item: ItemId) -> Result<Vec<Property<'a>>, Error> {
        let associations = self.associations.get(&item).map(Vec::as_slice).unwrap_or_default();
        // A property of number 0 is none (9.3.1).
        let real = associations.iter().filter(|association| association.property != 0);
        real.map(|association| {
            let content = self.properties.get(usize::from(association.property) - 1).copied();
            let content = content.ok_or_else(|| {
                corrupt(format!("item {item} has property {}, which does not exist", association.property))
            })?;
            Ok(Property { content, essential: association.essential })
        })
        .collect()
    }

    /// The bytes of an item, in one or several pieces, all of which must be there.
    pub(super) fn data(&self, source: &'a [u8], item: ItemId) -> Result<Vec<&'a [u8]>, Error> {
        let nowhere = || corrupt(format!("item {item} has no place in the file"));
        let place = self.places.get(&item).ok_or_else(nowhere)?;
        if place.extents.is_empty() {
            return Err(nowhere());
        }
        let within = if place.inside_meta { self.inner_data } else { source };
        let pieces: Vec<&[u8]> =
            place.extents.iter().map(|extent| cut(within, *extent, item, place)).collect::<Result<_, _>>()?;
        let bytes: usize = pieces.iter().map(|piece| piece.len()).sum();
        if bytes > source.len() {
            return Err(corrupt(format!("item {item} has {bytes} bytes, more than the file")));
        }
        Ok(pieces)
    }

    /// `iinf`, the kinds of the items (8.11.6).
    fn read_items(&mut self, mut table: Content<'a>) -> Result<(), Error> {
        let (version, _) = table.version_and_flags()?;
        table.item(version > 0)?;
        while let Some(mut entry) = table.next_box()? {
            if entry.name() != *b"infe" {
                continue;
            }
            let (version, _) = entry.version_and_flags()?;
            // Before version 2 items had no kind, and there were no pictures among them.
            if version < 2 {
                continue;
            }
            let item = entry.item(version > 2)?;
            entry.u16()?;
            check_count(self.kinds.len(), "items")?;
            self.kinds.insert(item, entry.array()?);
        }
        Ok(())
    }

    /// `iloc`, the places of the items (8.11.3).
    fn read_places(&mut self, mut table: Content<'a>) -> Result<(), Error> {
        let (version, _) = table.version_and_flags()?;
        if version > 2 {
            return Err(unsupported("an item location box of a version above 2"));
        }
        let [offset_length, base_index] = table.array::<2>()?;
        let (offset_bytes, length_bytes) = (offset_length >> 4, offset_length & 15);
        let base_bytes = base_index >> 4;
        let index_bytes = if version == 0 { 0 } else { base_index & 15 };
        let items = table.item(version == 2)?;
        let mut extents_of_all = 0_usize;
        for _ in 0..items {
            check_count(self.places.len(), "places of items")?;
            let item = table.item(version == 2)?;
            let construction = if version == 0 { 0 } else { table.u16()? & 15 };
            // The data reference, which is 0 where the data are in this file.
            let elsewhere = table.u16()? != 0;
            let base = table.uint(base_bytes)?;
            let mut extents = Vec::new();
            let count = table.u16()?;
            if count > 1 && index_bytes + offset_bytes + length_bytes == 0 {
                return Err(corrupt(format!("{count} extents that are all of the file")));
            }
            for _ in 0..count {
                check_count(extents_of_all, "extents")?;
                extents_of_all += 1;
                table.uint(index_bytes)?;
                let offset = table.uint(offset_bytes)?;
                let offset = base.checked_add(offset).ok_or_else(|| corrupt("an extent beyond any file"))?;
                extents.push((offset, table.uint(length_bytes)?));
            }
            // An item of another file, or made of other items, has no place here; who needs it is told so.
            if construction <= 1 && !elsewhere {
                self.places.insert(item, Place { inside_meta: construction == 1, extents });
            }
        }
        Ok(())
    }

    /// `iref`, what refers to what (8.11.12).
    fn read_references(&mut self, mut table: Content<'a>) -> Result<(), Error> {
        let (version, _) = table.version_and_flags()?;
        while let Some(mut entry) = table.next_box()? {
            let from = entry.item(version > 0)?;
            for _ in 0..entry.u16()? {
                check_count(self.references.len(), "references")?;
                self.references.push(Reference { kind: entry.name(), from, to: entry.item(version > 0)? });
            }
        }
        Ok(())
    }

    /// `iprp`: all properties in `ipco`, and in `ipma` whose they are (ISO/IEC 23008-12, 9.3).
    fn read_properties(&mut self, mut table: Content<'a>) -> Result<(), Error> {
        while let Some(mut part) = table.next_box()? {
            match &part.name() {
                b"ipco" => {
                    while let Some(property) = part.next_box()? {
                        check_count(self.properties.len(), "properties")?;
                        self.properties.push(property);
                    }
                }
                b"ipma" => self.read_associations(part)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_associations(&mut self, mut table: Content<'a>) -> Result<(), Error> {
        let (version, flags) = table.version_and_flags()?;
        let mut all = 0;
        for _ in 0..table.u32()? {
            check_count(self.associations.len(), "items with properties")?;
            let item = table.item(version > 0)?;
            let mut associations = Vec::new();
            for _ in 0..table.u8()? {
                check_count(all, "associations of properties")?;
                all += 1;
                // The highest bit says that the property is essential; the number has the other 15, or 7.
                let bits = if flags & 1 == 1 {
                    table.u16()?
                } else {
                    let byte = u16::from(table.u8()?);
                    (byte & 0x80) << 8 | byte & 0x7F
                };
                associations.push(Association { property: bits & 0x7FFF, essential: bits & 0x8000 != 0 });
            }
            // There may be several of these tables, but an item is in one of them only.
            self.associations.entry(item).or_insert(associations);
        }
        Ok(())
    }
}

/// `hdlr` says what the `meta` box is about (8.4.3).
fn check_handler(mut table: Content<'_>) -> Result<(), Error> {
    table.version_and_flags()?;
    table.u32()?;
    let handler = table.array()?;
    if handler == *b"pict" {
        Ok(())
    } else {
        Err(corrupt(format!("the meta box is about {}, not about 'pict'", shown(handler))))
    }
}

/// `pitm`, the item that is the picture (8.11.4).
fn read_primary(mut table: Content<'_>) -> Result<ItemId, Error> {
    let (version, _) = table.version_and_flags()?;
    table.item(version > 0)
}

fn check_count(count: usize, what: &str) -> Result<(), Error> {
    if count < MAX_ENTRIES { Ok(()) } else { Err(unsupported(&format!("more than {MAX_ENTRIES} {what}"))) }
}

/// An extent of an item. One without a length goes on to the end.
fn cut<'a>(within: &'a [u8], extent: (u64, u64), item: ItemId, place: &Place) -> Result<&'a [u8], Error> {
    let (offset, length) = extent;
    let from = usize::try_from(offset).ok().and_then(|offset| within.get(offset..));
    let found = match length {
        0 => from.filter(|from| !from.is_empty()),
        length => from.and_then(|from| from.get(..usize::try_from(length).ok()?)),
    };
    found.ok_or_else(|| {
        let end = offset.saturating_add(length);
        if place.inside_meta {
            corrupt(format!("item {item} ends at byte {end} of an idat box of {} bytes", within.len()))
        } else {
            truncated(format!("item {item} ends at byte {end}, and the file at byte {}", within.len()))
        }
    })
}
