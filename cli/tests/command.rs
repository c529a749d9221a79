//! The command as people run it: a process, its output, its exit code.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn thumbline(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thumbline"));
    // What the caller's shell has set must not change what is tested.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("THUMBLINE_"))
    {
        command.env_remove(name);
    }
    command.current_dir(project()).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn every_help_fits_a_terminal_of_80_columns_and_shows_an_example() {
    let subcommands = ["local", "demo", "render", "backfill", "verify", "redrive", "sign", "config"];
    for subcommand in subcommands.map(Some).into_iter().chain([None]) {
        let arguments: Vec<&str> = subcommand.into_iter().chain(["--help"]).collect();
        let output = thumbline(&arguments);
        assert!(output.status.success());
        let help = text(&output.stdout);
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{subcommand:?}: {line}");
        }
        let shown = subcommand.map_or("`thumbline demo`".to_owned(), |name| format!("  thumbline {name}"));
        assert!(help.contains(&shown), "{help}");
    }
}

#[test]
fn rendering_in_a_pipe_is_a_plain_line_for_each_picture_and_a_sum() {
    let out = tempfile::tempdir().unwrap();
    let output = thumbline(&[
        "render",
        "samples/pictures/dot.png",
        "samples/pictures/truncated.jpg",
        "--out",
        &path(&out),
    ]);
    assert_eq!(output.status.code(), Some(1), "one of them could not be made");
    let said = text(&output.stdout);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("samples/pictures/dot.png: made small 1x1"), "{said}");
    assert!(lines[1].starts_with("samples/pictures/truncated.jpg: rejected truncated"), "{said}");
    assert!(lines[2].starts_with("1 made, 1 not"), "{said}");
    assert!(!said.contains('\u{1b}') && !said.contains('\r'), "a pipe is no terminal");
    assert!(out.path().join("dot.png/small.webp").is_file());
}

#[test]
fn a_file_named_several_times_is_rendered_as_often_and_told_in_json() {
    let out = tempfile::tempdir().unwrap();
    let picture = "samples/pictures/alpha.png";
    let presets = "w100=100x:jpeg:q80 tiny=8x8:fill:png";
    let output =
        thumbline(&["render", picture, picture, "--out", &path(&out), "--presets", presets, "--json"]);
    assert!(output.status.success());
    let lines: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert_eq!((line["source"].as_str(), line["outcome"].as_str()), (Some(picture), Some("made")));
        assert!(line["reason"].is_null() && line["ms"].is_number());
        let sizes: Vec<_> =
            line["thumbnails"].as_array().unwrap().iter().map(|t| (&t["width"], &t["height"])).collect();
        assert_eq!(format!("{sizes:?}"), "[(Number(100), Number(75)), (Number(8), Number(8))]");
        for thumbnail in line["thumbnails"].as_array().unwrap() {
            let written = std::fs::metadata(thumbnail["path"].as_str().unwrap()).unwrap().len();
            assert_eq!(thumbnail["bytes"].as_u64(), Some(written));
        }
    }
}

/// A disk's image among the pictures, say: it was read into memory whole before it was refused.
#[test]
fn a_file_larger_than_any_picture_may_be_is_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("image.jpg");
    std::fs::File::create(&file).unwrap().set_len(1 << 40).unwrap();
    let output = thumbline(&["render", file.to_str().unwrap(), "--out", &path(&folder), "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let line: Value = serde_json::from_str(text(&output.stdout).trim()).unwrap();
    assert_eq!((line["outcome"].as_str(), line["reason"].as_str()), (Some("rejected"), Some("too_large")));
}

#[test]
fn a_picture_that_would_take_more_memory_than_it_may_is_refused_by_its_header() {
    let folder = tempfile::tempdir().unwrap();
    let render = |megabytes: &str| {
        let file = "samples/pictures/photo.jpg";
        thumbline(&["render", file, "--out", &path(&folder), "--json", "--max-memory-mb", megabytes])
    };
    assert!(render("auto").status.success());
    let refused = render("1");
    assert_eq!(refused.status.code(), Some(1));
    let line: Value = serde_json::from_str(text(&refused.stdout).trim()).unwrap();
    assert_eq!(line["reason"], "too_large");
    assert!(line["message"].as_str().unwrap().contains("memory"), "{line}");
    assert_eq!(render("0").status.code(), Some(2));
}

#[test]
fn what_can_not_begin_says_why_and_exits_with_2() {
    let output = thumbline(&["render", "nowhere.jpg", "--out", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("nowhere.jpg can't be read"), "{output:?}");
    let output = thumbline(&["render", "samples", "--out", "nowhere", "--presets", "a=1 b=2x2:round"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("\"a=1\"") && said.contains("\"b=2x2:round\""), "both mistakes: {said}");
    let output = thumbline(&["local", "--template", "nowhere.yaml", "--port", "0"]);
    assert_eq!(output.status.code(), Some(2));
    let output = thumbline(&["demo", "--out", "samples"]);
    assert_eq!(output.status.code(), Some(2), "a folder that no demo made is left alone: {output:?}");
}

#[test]
fn a_url_is_signed_with_the_key_that_is_named_and_the_key_stays_secret() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    std::fs::write(&keys, "a:MDEyMzQ1Njc4OWFiY2RlZg==\nb:ZmVkY2JhOTg3NjU0MzIxMA==\n").unwrap();
    let secret = format!("file:{}", keys.display());
    let sign = |more: &[&str]| thumbline(&[&["sign", "--secret", &secret], more].concat());
    let base = "http://127.0.0.1:4571/v1/";
    let output =
        sign(&["thumbnails/a b.jpg", "-p", "w=640", "-p", "fit=cover", "--base", base, "--key", "b"]);
    assert!(output.status.success(), "{output:?}");
    let url = text(&output.stdout);
    let line = url.trim().strip_prefix("http://127.0.0.1:4571/v1").unwrap();
    let (path, query) = line.split_once('?').unwrap();
    assert_eq!(path, "/thumbnails/a%20b.jpg");
    let query: Vec<(String, String)> = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(n, v)| (n.into(), v.into()))
        .collect();
    let keys = thumbline::signing::SigningKeys::parse(&std::fs::read_to_string(keys).unwrap()).unwrap();
    let left = keys.verify("/thumbnails/a b.jpg", &query, true, std::time::SystemTime::now()).unwrap();
    assert!(left.as_secs() > 3500 && left.as_secs() <= 3600, "an hour by default: {left:?}");
    for (wrong, expected) in [
        (&["thumbnails/a", "--key", "c"][..], "a, b"),
        (&["images/a"][..], "thumbnails/KEY"),
        (&["thumbnails/a", "-p", "w=1", "-p", "w=2"][..], "twice"),
        (&["thumbnails/a", "-p", "expires=1"][..], "added by signing"),
    ] {
        let output = sign(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(text(&output.stderr).contains(expected), "{output:?}");
    }
    std::fs::write(folder.path().join("short"), "a:c2hvcnQ=").unwrap();
    let short = format!("file:{}", folder.path().join("short").display());
    let said = text(&thumbline(&["sign", "thumbnails/a", "--secret", &short]).stderr);
    assert!(said.contains("5 bytes") && !said.contains("c2hvcnQ"), "{said}");
}

#[test]
fn the_settings_in_force_are_told_with_where_they_come_from_and_what_is_wrong() {
    let output = thumbline(&["config", "--file", "functions/resize/package/thumbline.toml"]);
    assert_eq!(output.status.code(), Some(1), "a function would not start without buckets");
    let said = text(&output.stdout);
    for expected in
        ["THUMBLINE_PRESETS", "thumbline.toml", "2 mistakes", "THUMBLINE_INPUT_BUCKET: it is not set"]
    {
        assert!(said.contains(expected), "{expected:?} in {said}");
    }
}

fn path(folder: &tempfile::TempDir) -> String {
    folder.path().to_str().unwrap().to_owned()
}
