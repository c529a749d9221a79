//! Everything before the first scan: what kind of picture it is, and the tables that are defined by then.

use crate::application::Application;
use crate::error::Error;
use crate::frame::Frame;
use crate::options::Options;
use crate::segment::{Segment, end_of_scan, marker};
use crate::tables::Tables;

/// What is known before anything is decoded.
#[derive(Clone, Debug)]
pub(crate) struct Header<'a> {
    pub(crate) frame: Frame,
    pub(crate) application: Application<'a>,
    /// The tables in force at the first scan.
    pub(crate) tables: Tables,
    /// Where the first scan's marker is.
    pub(crate) first_scan: usize,
}

impl<'a> Header<'a> {
    pub(crate) fn read(source: &'a [u8], options: &Options) -> Result<Self, Error> {
        if !source.starts_with(&[0xFF, marker::SOI]) {
            return Err(Error::NotJpeg);
        }
        let mut frame = None;
        let mut application = Application::default();
        let mut tables = Tables::default();
        let mut at = 2;
        loop {
            let segment = Segment::after(source, at)?;
            at = segment.end;
            match segment.code {
                marker::SOS => {
                    let mut frame: Frame =
                        frame.ok_or_else(|| segment.corrupt("a scan comes before the frame header"))?;
                    if frame.height == 0 {
                        frame.height = read_number_of_lines(source, segment.end)?;
                    }
                    check_size(&frame, options)?;
                    return Ok(Self { frame, application, tables, first_scan: segment.position });
                }
                marker::EOI => return Err(segment.corrupt("the picture ends before its first scan")),
                marker::SOI => return Err(segment.corrupt("a picture begins within another one")),
                code if Frame::begins_at(code) => {
                    if frame.is_some() {
                        return Err(segment.corrupt("there are two frame headers"));
                    }
                    frame = Some(Frame::read(&segment)?);
                }
                _ => {
                    application.read(&segment);
                    tables.read(&segment)?;
                }
            }
        }
    }
}

/// The height where the frame header has none: a DNL segment after the first scan has it (T.81 B.2.5).
fn read_number_of_lines(source: &[u8], scan: usize) -> Result<usize, Error> {
    let segment = Segment::after(source, end_of_scan(source, scan))?;
    let lines = match segment.code {
        marker::DNL => segment.parameters().word()?,
        _ => 0,
    };
    match lines {
        0 => Err(segment.corrupt("the picture has no height")),
        lines => Ok(lines.into()),
    }
}

fn check_size(frame: &Frame, options: &Options) -> Result<(), Error> {
    let actual = frame.width as u64 * frame.height as u64;
    if actual > options.max_pixels {
        return Err(Error::TooLarge { what: "pixels", actual, limit: options.max_pixels });
    }
    Ok(())
}
