//! A source that is read gives what the same bytes give at once, and one that can't be read is nobody's damaged picture.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod pictures;

use std::io::{self, Read};

use image::ImageFormat;
use pictures::{JpegKind, encode, every_kind, jpeg, render, scene};
use thumbline_imaging::{Error, Incoming, Limits, OutputFormat, Rendered, Rendition};

fn renditions(format: OutputFormat) -> Vec<Rendition> {
    [200, 90, 31].map(|width| Rendition::new(Some(width), None).with_format(format)).into()
}

fn read_and_render(
    reader: &mut dyn Read,
    length: Option<u64>,
    renditions: &[Rendition],
    limits: &Limits,
) -> Result<Rendered, Error> {
    Incoming::new(reader, length, limits)?.render(renditions, limits, &|| false)
}

/// Gives some bytes at a time.
struct Dribble<'a>(&'a [u8]);

impl Read for Dribble<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = into.len().min(1 + self.0.len() % 5000);
        self.0.read(&mut into[..count])
    }
}

/// Gives so many bytes, and then an error.
struct Broken<'a>(&'a [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(io::Error::other("the network is down")),
            count => Ok(count),
        }
    }
}

/// JPEGs of some hundred kilobytes, so that they are not at hand as a whole when their decoding begins.
fn large_jpegs() -> Vec<Vec<u8>> {
    let picture = scene(1000, 800);
    let kinds = [
        JpegKind::default(),
        JpegKind { subsampled: true, restart_interval: 7, ..JpegKind::default() },
        JpegKind { progressive: true, ..JpegKind::default() },
        JpegKind { scan_per_component: true, ..JpegKind::default() },
    ];
    let large = kinds.map(|kind| jpeg(&picture, kind));
    assert!(large.iter().all(|file| file.len() > 140_000));
    large.into()
}

fn assert_same(source: &[u8], renditions: &[Rendition]) {
    let at_once = render(source, renditions);
    for length in [None, Some(source.len() as u64)] {
        let read = read_and_render(&mut Dribble(source), length, renditions, &Limits::default());
        match (&at_once, read) {
            (Ok(one), Ok(other)) => {
                assert!(one.thumbnails == other.thumbnails, "other bytes");
                assert_eq!((&one.header, &one.thumbhash), (&other.header, &other.thumbhash));
            }
            (Err(one), Err(other)) => assert_eq!(*one, other),
            (_, read) => panic!("{:?} at once, {:?} read", at_once.as_ref().err(), read.err()),
        }
    }
}

#[test]
fn what_is_read_gives_the_same_thumbnails() {
    for format in [OutputFormat::Jpeg, OutputFormat::WebP, OutputFormat::Png] {
        for file in large_jpegs() {
            assert_same(&file, &renditions(format));
        }
        for (_, _, file) in every_kind() {
            assert_same(&file, &renditions(format));
        }
    }
    // A PNG that is not at hand as a whole either.
    assert_same(&encode(&scene(400, 300), ImageFormat::Png), &renditions(OutputFormat::Jpeg));
}

#[test]
fn what_is_cut_is_refused_in_the_same_words() {
    for file in large_jpegs() {
        for part in 0..20 {
            assert_same(&file[..file.len() * part / 20], &renditions(OutputFormat::Jpeg));
        }
        assert_same(&file[..file.len() - 1], &renditions(OutputFormat::WebP));
        let with_profile = [&file[..2], &[0xFF, 0xE1, 0xFF, 0xFF], &vec![7; 65_533], &file[2..]].concat();
        for cut in [40_000, 65_539, 65_600, 100_000, with_profile.len()] {
            assert_same(&with_profile[..cut], &renditions(OutputFormat::Jpeg));
        }
    }
}

#[test]
fn what_cannot_be_read_may_be_tried_again() {
    for file in large_jpegs().into_iter().chain([encode(&scene(400, 300), ImageFormat::Png)]) {
        for read in [0, 1000, 66_000, file.len() - 1] {
            let limits = Limits::default();
            let outcome =
                read_and_render(&mut Broken(&file[..read]), None, &renditions(OutputFormat::Jpeg), &limits);
            let error = outcome.unwrap_err();
            assert_eq!(error, Error::Unreadable { detail: "the network is down".into() }, "after {read}");
            assert!(!error.is_about_the_picture());
        }
    }
}

#[test]
fn no_more_is_read_than_the_limits_allow() {
    for file in large_jpegs().into_iter().chain([encode(&scene(400, 300), ImageFormat::Png)]) {
        for limit in [1000, 70_000, file.len() as u64 - 1] {
            let mut limits = Limits::default();
            limits.max_source_bytes = limit;
            let wanted = renditions(OutputFormat::Jpeg);
            let outcome = read_and_render(&mut Dribble(&file), None, &wanted, &limits);
            let Err(Error::TooLarge { what: "bytes", actual, limit: told }) = outcome else {
                panic!("{:?} with a limit of {limit}", outcome.err())
            };
            assert!(told == limit && actual > limit, "{actual} for {limit}");
            // If it is known beforehand, nothing is read.
            let length = Some(file.len() as u64);
            let outcome = read_and_render(&mut Broken(&[]), length, &wanted, &limits);
            let actual = file.len() as u64;
            assert_eq!(outcome.unwrap_err(), Error::TooLarge { what: "bytes", actual, limit });
        }
    }
}
