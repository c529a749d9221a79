//! The samples are what the generator makes, and become what `samples/expected.toml` says.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thumbline_imaging::{Error, Fit, Limits, Rendition, render};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectations {
    picture: Vec<Picture>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Picture {
    file: String,
    #[expect(dead_code, reason = "for those who upload the pictures")]
    key: Option<String>,
    outcome: String,
    reason: Option<String>,
    thumbnails: Option<BTreeMap<String, String>>,
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn expectations() -> Vec<Picture> {
    let text = fs::read_to_string(samples().join("expected.toml")).unwrap();
    toml::from_str::<Expectations>(&text).unwrap().picture
}

fn committed() -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(samples().join("pictures")).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

#[test]
fn the_committed_pictures_are_those_that_the_generator_makes() {
    let made: BTreeMap<_, _> =
        thumbline_samples::all().into_iter().map(|sample| (sample.file, sample.bytes)).collect();
    let committed = committed();
    assert_eq!(made.keys().collect::<Vec<_>>(), committed.keys().collect::<Vec<_>>());
    for (file, bytes) in &made {
        assert!(bytes == &committed[file], "{file} differs: run generate-samples");
    }
}

#[test]
fn the_samples_are_under_five_megabytes() {
    let total: usize = committed().values().map(Vec::len).sum();
    assert!(total < 5_000_000, "{total} bytes");
}

#[test]
fn every_picture_is_expected_once_and_nothing_else_is() {
    let expected: Vec<_> = expectations().into_iter().map(|picture| picture.file).collect();
    let unique: BTreeSet<_> = expected.iter().cloned().collect();
    assert_eq!(unique.len(), expected.len(), "a file is listed twice");
    assert_eq!(unique, committed().into_keys().collect());
}

#[test]
fn every_picture_becomes_what_is_expected() {
    // The default presets: small=200x200:cover:webp:q80 medium=640x:webp large=1280x:webp
    let presets = [
        ("small", Rendition::new(Some(200), Some(200)).with_fit(Fit::Cover)),
        ("medium", Rendition::new(Some(640), None)),
        ("large", Rendition::new(Some(1280), None)),
    ];
    let renditions = presets.clone().map(|(_, rendition)| rendition);
    for picture in expectations() {
        let source = fs::read(samples().join("pictures").join(&picture.file)).unwrap();
        let made = render(&source, &renditions, &Limits::default(), &|| false);
        let sizes = made.map(|rendered| {
            let names = presets.iter().map(|(name, _)| (*name).to_owned());
            let sizes = rendered.thumbnails.iter().map(|made| format!("{}x{}", made.width, made.height));
            names.zip(sizes).collect::<BTreeMap<_, _>>()
        });
        match picture.outcome.as_str() {
            "made" => assert_eq!(sizes.ok(), picture.thumbnails, "{}", picture.file),
            "rejected" => {
                let error = sizes.unwrap_err();
                assert!(error.is_about_the_picture(), "{}: {error}", picture.file);
                assert_eq!(Some(Error::code(&error)), picture.reason.as_deref(), "{}: {error}", picture.file);
            }
            outcome => panic!("{}: {outcome} is no outcome of a picture", picture.file),
        }
    }
}
