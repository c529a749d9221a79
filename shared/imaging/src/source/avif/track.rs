//! The first frame of a film, for files of the brand `avis` that hold a film and no still picture (AV1 Image File
//! Format, 3; ISO/IEC 14496-12, 8.3 to 8.7).

use super::boxes::{Content, Name, corrupt, truncated, unsupported};
use super::meta::Property;
use super::picture::{Cell, Image, Picture};
use super::properties::{Properties, Window};
use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::{Header, Size};
use crate::orientation::Orientation;

/// The fields of a visual sample entry before its boxes, between what is needed of them (12.1.3).
const BEFORE_SIZE: usize = 24;
const AFTER_SIZE: usize = 50;

/// The first frame of the colours and, if there is a track for it, of alpha.
pub(super) struct Frame<'a> {
    color: Sample<'a>,
    alpha: Option<Sample<'a>>,
}

/// Where a frame lies, and what its track says about it.
struct Sample<'a> {
    size: Size,
    offset: u64,
    length: u32,
    properties: Properties<'a>,
}

/// Looks through the tracks of a `moov` box.
pub(super) fn first_frame(mut film: Content<'_>) -> Result<Frame<'_>, Error> {
    let (mut color, mut alpha) = (None, None);
    while let Some(track) = film.next_box()? {
        if track.name() != *b"trak" {
            continue;
        }
        let Some(media) = track.find(*b"mdia")? else { continue };
        match &handler(media)? {
            b"pict" | b"vide" if color.is_none() => color = Some(Sample::read(media)?),
            b"auxv" if alpha.is_none() => alpha = Some(Sample::read(media)?),
            _ => {}
        }
    }
    Ok(Frame { color: color.ok_or_else(|| corrupt("a film without pictures"))?, alpha })
}

/// What a track is about: `hdlr` (8.4.3).
fn handler(media: Content<'_>) -> Result<Name, Error> {
    let mut handler = descend(media, &[*b"hdlr"])?;
    handler.take(8)?;
    handler.array()
}

/// The box at the end of a path of names.
fn descend<'a>(from: Content<'a>, path: &[Name]) -> Result<Content<'a>, Error> {
    path.iter().try_fold(from, |within, name| {
        within.find(*name)?.ok_or_else(|| corrupt(format!("a track without a box '{}'", name.escape_ascii())))
    })
}

impl<'a> Sample<'a> {
    fn read(media: Content<'a>) -> Result<Self, Error> {
        let tables = descend(media, &[*b"minf", *b"stbl"])?;
        let mut entries = descend(tables, &[*b"stsd"])?;
        entries.take(8)?;
        let mut entry = entries.next_box()?.ok_or_else(|| corrupt("a track without a description"))?;
        if entry.name() != *b"av01" {
            return Err(unsupported(&format!("a film of the kind '{}'", entry.name().escape_ascii())));
        }
        entry.take(BEFORE_SIZE)?;
        let size = Size::new(entry.u16()?.into(), entry.u16()?.into());
        entry.take(AFTER_SIZE)?;
        let mut said = Vec::new();
        while let Some(content) = entry.next_box()? {
            // The colours are said in the same box as of still pictures.
            if content.name() == *b"colr" {
                said.push(Property { content, essential: false });
            }
        }
        Ok(Self {
            size,
            offset: first_offset(tables)?,
            length: first_length(tables)?,
            properties: Properties::read(said)?,
        })
    }

    fn image(&self, source: &'a [u8]) -> Result<Image<'a>, Error> {
        let end = self.offset.saturating_add(self.length.into());
        let from = usize::try_from(self.offset).ok().and_then(|offset| source.get(offset..));
        let data = from.and_then(|from| from.get(..usize::try_from(self.length).ok()?)).ok_or_else(|| {
            truncated(format!("the first frame ends at byte {end}, and the file at byte {}", source.len()))
        })?;
        Image::single(Cell { pieces: vec![data], operating_point: 0 }, self.size)
    }
}

/// The first chunk begins with the first frame (8.7.5).
fn first_offset(tables: Content<'_>) -> Result<u64, Error> {
    let (mut table, bytes) = match tables.find(*b"stco")? {
        Some(table) => (table, 4),
        None => (descend(tables, &[*b"co64"])?, 8),
    };
    table.take(8)?;
    table.uint(bytes)
}

/// 8.7.3.2.
fn first_length(tables: Content<'_>) -> Result<u32, Error> {
    let mut table = descend(tables, &[*b"stsz"])?;
    table.version_and_flags()?;
    let (length_of_all, _count) = (table.u32()?, table.u32()?);
    if length_of_all > 0 { Ok(length_of_all) } else { table.u32() }
}

impl<'a> Frame<'a> {
    pub(super) fn header(&self) -> Header {
        Header { format: SourceFormat::Avif, stored: self.color.size, orientation: Orientation::UPRIGHT }
    }

    pub(super) fn picture(&self, source: &'a [u8]) -> Result<Picture<'a>, Error> {
        let color = self.color.image(source)?;
        let alpha = self.alpha.as_ref().map(|alpha| alpha.image(source)).transpose()?;
        if alpha.as_ref().is_some_and(|alpha| alpha.size != color.size) {
            return Err(corrupt("a film whose alpha has another size"));
        }
        Ok(Picture {
            premultiplied: false,
            window: Window { x: 0, y: 0, size: color.size },
            coding: self.color.properties.coding.unwrap_or(color.sequence.coding),
            profile: self.color.properties.profile,
            color,
            alpha,
        })
    }
}
