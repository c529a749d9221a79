//! AVIF: AV1 data in boxes (AV1 Image File Format 1.2; HEIF, ISO/IEC 23008-12; ISO/IEC 14496-12).
//!
//! The file is a small database: items, where their bytes lie, what they refer to, and properties that many of them may
//! share. One item is the picture; it may be a grid of others, and another may be its alpha. All of it is followed here,
//! so that what reaches the decoder is bare AV1 data and all of them are known to be there.
//!
//! An orientation in EXIF is not looked at: `irot` and `imir` are what counts, and files that have both mean one turn.

mod boxes;
mod meta;
mod picture;
mod properties;
mod sequence;
mod track;

use boxes::{Outer, corrupt, outer_boxes, truncated};
use meta::Meta;
pub(crate) use picture::{Cell, Image, Picture};
pub(crate) use sequence::{Coding, Sequence, UNSPECIFIED, count_frames};

use crate::error::Error;
use crate::format::SourceFormat;
use crate::header::Header;
use crate::limits::Limits;

/// Boxes that are found on the outside of good files: who names one of these and ends inside it is truncated. Anything
/// else behind the picture is not part of it.
const OUTSIDE: [&[u8; 4]; 9] =
    [b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"uuid", b"moof", b"sidx"];

/// What describes the picture: a `meta` box, or the `moov` box of a film that is nothing else.
enum Description<'a> {
    Meta(Meta<'a>),
    Track(track::Frame<'a>),
}

impl<'a> Description<'a> {
    fn find(source: &'a [u8]) -> Result<Self, Error> {
        let mut film: Option<Outer<'_>> = None;
        for outer in outer_boxes(source) {
            let outer = outer?;
            match &outer.name {
                b"meta" => return Ok(Self::Meta(Meta::read(outer.complete()?)?)),
                b"moov" if film.is_none() => film = Some(outer),
                _ if outer.missing > 0 && OUTSIDE.contains(&&outer.name) => return Err(outer.truncated()),
                _ => {}
            }
        }
        match film {
            Some(film) => Ok(Self::Track(track::first_frame(film.complete()?)?)),
            None => Err(truncated(format!("the file ends at byte {} without a picture", source.len()))),
        }
    }
}

/// Size and orientation, from the properties of the picture.
pub(super) fn read_header(source: &[u8]) -> Result<Header, Error> {
    match Description::find(source)? {
        Description::Meta(meta) => picture::read_header(&meta),
        Description::Track(frame) => Ok(frame.header()),
    }
}

/// All parts of the picture.
pub(crate) fn read_picture(source: &[u8]) -> Result<Picture<'_>, Error> {
    match Description::find(source)? {
        Description::Meta(meta) => picture::read(&meta, source),
        Description::Track(frame) => frame.picture(source),
    }
}

/// Every part of the picture must be there, and every box that is begun must end.
pub(super) fn check_complete(source: &[u8], limits: &Limits) -> Result<(), Error> {
    for outer in outer_boxes(source) {
        // What cannot be a box is something else that lies behind the picture.
        let Ok(outer) = outer else { break };
        if outer.missing > 0 && OUTSIDE.contains(&&outer.name) {
            return Err(outer.truncated());
        }
    }
    let picture = read_picture(source)?;
    for image in [Some(&picture.color), picture.alpha.as_ref()].into_iter().flatten() {
        super::check_size(SourceFormat::Avif, image.size, limits)?;
        super::check_size(SourceFormat::Avif, image.cell, limits)?;
        let coded = image.sequence.size;
        if coded.width < image.cell.width || coded.height < image.cell.height {
            return Err(corrupt(format!("AV1 data of {coded} pixels in a picture of {}", image.cell)));
        }
    }
    Ok(())
}
