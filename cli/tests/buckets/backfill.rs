//! Backfill: everything made once, nothing twice, whatever happens on the way.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use thumbline_local_s3::{Effect, Fault, KeyPattern};

use crate::stage::{INPUT, OUTPUT, Stage, larger_picture, outputs, picture};

/// Keys that sort in all the wrong ways, and some plain ones.
const KEYS: [&str; 12] = [
    "a",
    "a!",
    "a-1.png",
    "a/b.png",
    "a/b.png/c",
    "a b+c.png",
    "100%.png",
    "d//e",
    "ünï/日本 😀.png",
    "z.png",
    "~z",
    "/lead",
];

async fn with_pictures() -> Stage {
    let stage = Stage::start().await;
    for (number, key) in (0..).zip(KEYS) {
        stage.put(key, picture(number)).await;
    }
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_made_and_a_second_run_moves_no_bytes_and_writes_nothing() {
    let stage = with_pictures().await;
    stage.put("folder/", "").await;
    stage.put("broken.jpg", "this is no picture").await;
    let written = stage.writes();
    let first = stage.run(&["backfill", "--json"]).await;
    assert_eq!(first.code(), Some(0), "{}", first.stderr);
    let summary = &first.json()["summary"];
    assert_eq!(summary["outcomes"], json!({"made": 12, "rejected": 1}));
    assert_eq!(summary["left"], json!({"ignored": 1}));
    assert_eq!(summary["listed"], 14, "what was left and what was done add up");
    assert_eq!(
        summary["measured"]["requests"]["put"],
        stage.writes() - written,
        "what it says it wrote is what S3 was asked"
    );
    let mut expected = outputs(KEYS);
    expected.insert("broken.jpg/manifest.json".to_owned());
    assert_eq!(stage.listed(OUTPUT).await.into_keys().collect::<BTreeSet<_>>(), expected);

    let (written, counts) = (stage.writes(), stage.s3.requests().counts());
    let second = stage.run(&["backfill", "--json"]).await;
    assert_eq!(second.code(), Some(0));
    assert_eq!(second.json()["summary"]["outcomes"], json!({}));
    assert_eq!(stage.writes(), written);
    let asked = |operation: &str| {
        stage.s3.requests().count(operation) - counts.get(operation).copied().unwrap_or_default()
    };
    // The input bucket is counted; then both are listed, and each source's manifest is read.
    assert_eq!((asked("ListObjectsV2"), asked("GetObject"), asked("HeadObject")), (3, 13, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_selected_is_made_and_nothing_else() {
    let stage = with_pictures().await;
    let made = |ran: crate::stage::Ran| {
        assert_eq!(ran.code(), Some(0), "{}", ran.stderr);
        let lines = ran.lines();
        let made = lines.iter().filter(|line| line["outcome"] == "made");
        made.map(|line| line["source"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let of = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();
    let by_prefix = stage.run(&["backfill", "--json", "--prefix", "a/", "--suffix", ".png"]).await;
    assert_eq!(by_prefix.json()["summary"]["left"], json!({"ignored": 1}));
    assert_eq!(made(by_prefix), of(&["a/b.png"]));
    assert_eq!(made(stage.run(&["backfill", "--json", "--modified-since", "2100-01-01"]).await), of(&[]));
    std::fs::write(stage.file("keys"), "a b+c.png\n\n100%.png\nnot there\n").unwrap();
    let named = stage.run(&["backfill", "--json", "--keys", "keys"]).await;
    assert_eq!(named.json()["summary"]["outcomes"], json!({"made": 2, "removed": 1}));
    assert_eq!(made(named), of(&["a b+c.png", "100%.png"]));
    assert_eq!(
        made(stage.run(&["backfill", "--json", "--modified-since", "1h"]).await).len(),
        KEYS.len() - 3
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_inventory_names_is_made_wherever_its_files_are() {
    let stage = with_pictures().await;
    let made = |ran: &crate::stage::Ran| ran.json()["summary"]["outcomes"].clone();
    std::fs::write(stage.file("data.csv"), "\"pictures\",\"a+b%2Bc.png\",\"100\"\n").unwrap();
    let ran = stage.run(&["backfill", "--json", "--inventory", "data.csv"]).await;
    assert_eq!((ran.code(), made(&ran)), (Some(0), json!({"made": 1})), "{}", ran.stderr);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"5,pictures,a\n5,pictures,a%21\n5,pictures,a/b.png\n").unwrap();
    stage.put_into(OUTPUT, "~/batch/inventory/data/1.csv.gz", packed.finish().unwrap()).await;
    let manifest = json!({
        "sourceBucket": INPUT, "destinationBucket": format!("arn:aws:s3:::{OUTPUT}"), "version": "2016-11-30",
        "fileFormat": "CSV", "fileSchema": "Size, Bucket, Key",
        "files": [{"key": "~/batch/inventory/data/1.csv.gz", "size": 100, "MD5checksum": "x"}],
    });
    stage.put_into(OUTPUT, "~/batch/inventory/manifest.json", manifest.to_string()).await;
    let manifest = "s3://thumbs/~/batch/inventory/manifest.json";
    let dry = stage.run(&["backfill", "--json", "--dry-run", "--inventory", manifest]).await;
    assert_eq!(dry.json()["plan"]["to_do"], json!({"missing": 3}), "{}", dry.stderr);
    let ran = stage.run(&["backfill", "--json", "--inventory", manifest]).await;
    assert_eq!((ran.code(), made(&ran)), (Some(0), json!({"made": 3})), "{}", ran.stderr);
    let absent = stage.run(&["backfill", "--inventory", "s3://thumbs/nowhere/manifest.json"]).await;
    assert_eq!(absent.code(), Some(2));
    assert!(absent.stderr.contains("is not there"), "{}", absent.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_changed_is_made_anew_and_with_other_presets_everything() {
    let stage = with_pictures().await;
    stage.run(&["backfill"]).await;
    stage.put("z.png", picture(99)).await;
    let ran = stage.run(&["backfill", "--json"]).await;
    let summary = &ran.json()["summary"];
    assert_eq!((&summary["outcomes"], &summary["left"]), (&json!({"made": 1}), &json!({"current": 11})));
    let ran = stage.run(&["backfill", "--json", "--presets", "other=9x9:jpeg"]).await;
    assert_eq!(ran.json()["summary"]["outcomes"], json!({"made": 12}));
    let names: BTreeSet<String> = stage.listed(OUTPUT).await.into_keys().collect();
    assert!(
        names.iter().all(|key| key.ends_with("/manifest.json") || key.ends_with("/other.jpg")),
        "{names:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_work_is_told_and_is_tried_again_by_the_next_run() {
    let stage = with_pictures().await;
    let writing = |key: &str, times, effect| Fault {
        operation: Some("PutObject".to_owned()),
        bucket: Some(OUTPUT.to_owned()),
        key: KeyPattern::Prefix(key.to_owned()),
        times,
        effect,
    };
    let fault = stage.s3.faults().inject(writing("z.png/", None, Effect::AccessDenied));
    // More often than the S3 client tries by itself.
    stage.s3.faults().inject(writing("a b+c.png/", Some(4), Effect::SlowDown));
    let ran = stage.run(&["backfill"]).await;
    assert_eq!(ran.code(), Some(1), "{}", ran.stdout);
    assert!(ran.stdout.contains("z.png: retry access_denied"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("a b+c.png"), "{}", ran.stdout);
    assert!(ran.stderr.contains("1 did not work"), "{}", ran.stderr);
    stage.s3.faults().lift(fault);
    let ran = stage.run(&["backfill", "--json"]).await;
    assert_eq!((ran.code(), &ran.json()["summary"]["outcomes"]), (Some(0), &json!({"made": 1})));
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_finishes_what_is_in_flight_and_the_same_command_goes_on() {
    let stage = Stage::start().await;
    for number in 0..300 {
        stage.put(&number.to_string(), picture(number)).await;
    }
    let slow = stage.s3.faults().inject(Fault {
        operation: Some("PutObject".to_owned()),
        bucket: Some(OUTPUT.to_owned()),
        key: KeyPattern::Any,
        times: None,
        effect: Effect::Delay(Duration::from_millis(100)),
    });
    let (mut requests, mut command) =
        (stage.s3.requests().subscribe(), stage.command(&["backfill", "--json", "--jobs", "2"]));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while requests.recv().await.unwrap().operation != "PutObject" {}
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    let (said, told) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{told}");
    let summary: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    let made = summary["summary"]["outcomes"]["made"].as_u64().unwrap();
    assert_eq!((&summary["summary"]["stopped"], &summary["summary"]["listed"]), (&json!(true), &json!(made)));
    assert!(made < 300 && told.contains("the same command goes on"), "{made}: {told}");
    assert_eq!(stage.listed(OUTPUT).await.len() as u64, 3 * made, "nothing is half done");
    stage.s3.faults().lift(slow);
    let ran = stage.run(&["backfill", "--json"]).await;
    let summary = &ran.json()["summary"];
    assert_eq!(
        (&summary["left"], &summary["outcomes"]),
        (&json!({"current": made}), &json!({"made": 300 - made}))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_every_picture_is_refused_the_rest_are_not_even_read() {
    let stage = Stage::start().await;
    for number in 0..400 {
        stage.put(&number.to_string(), picture(number)).await;
    }
    stage.s3.faults().inject(Fault {
        operation: Some("PutObject".to_owned()),
        bucket: Some(OUTPUT.to_owned()),
        key: KeyPattern::Any,
        times: None,
        effect: Effect::AccessDenied,
    });
    let read = stage.s3.requests().count("GetObject");
    let ran = stage.run(&["backfill", "--jobs", "4"]).await;
    assert_eq!(ran.code(), Some(2), "{}", ran.stdout);
    assert!(ran.stderr.contains("in a row were refused") && ran.stderr.contains("policy"), "{}", ran.stderr);
    assert!(stage.s3.requests().count("GetObject") - read < 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_begin_says_why() {
    let stage = Stage::start().await;
    let missing = stage.run(&["backfill", "--keys", "nowhere"]).await;
    assert_eq!(missing.code(), Some(2));
    assert!(missing.stderr.contains("nowhere can't be read"), "{}", missing.stderr);
    stage.client.delete_bucket().bucket(INPUT).send().await.unwrap();
    for command in ["backfill", "verify"] {
        let ran = stage.run(&[command]).await;
        assert_eq!(ran.code(), Some(2), "{}", ran.stdout);
        assert!(ran.stderr.contains("no such bucket"), "{}", ran.stderr);
    }
    let mut command = stage.command(&["backfill"]);
    let same = command.args(["--output", INPUT]).output().unwrap();
    assert_eq!(same.status.code(), Some(2), "an argument that is there twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_counts_everything_writes_nothing_and_is_right() {
    let stage = with_pictures().await;
    for number in 0..60 {
        stage.put(&format!("photos/{number}.jpg"), larger_picture(number)).await;
    }
    stage.put("broken.gif", "this is no picture").await;
    stage.put("folder/", "").await;
    stage.run(&["backfill", "--prefix", "photos/1"]).await;
    stage.put("photos/1.jpg", larger_picture(100)).await;
    let written = stage.writes();
    let dry = stage.run(&["backfill", "--dry-run", "--json"]).await;
    assert_eq!((dry.code(), stage.writes()), (Some(0), written), "{}", dry.stderr);
    let plan = &dry.json()["plan"];
    assert_eq!(plan["listed"], 74);
    assert_eq!(plan["left"], json!({"current": 10, "ignored": 1}));
    assert_eq!(plan["to_do"], json!({"missing": 62, "stale": 1}));
    let run = stage.run(&["backfill", "--json"]).await;
    let (expected, measured) = (&plan["expected"], &run.json()["summary"]["measured"]);
    for exact in ["list", "get", "head", "put", "delete"] {
        assert_eq!(expected["requests"][exact], measured["requests"][exact], "{exact}: {plan}");
    }
    let figure = |side: &Value, name: &str| side[name].as_f64().unwrap();
    let bytes = |side: &Value, which: &str| figure(&side["requests"], which);
    for (what, expected, measured) in [
        ("read", bytes(expected, "read_bytes"), bytes(measured, "read_bytes")),
        ("written", bytes(expected, "written_bytes"), bytes(measured, "written_bytes")),
        ("dollars", figure(expected, "s3_dollars"), figure(measured, "s3_dollars")),
    ] {
        assert!((expected / measured - 1.0).abs() < 0.1, "{what}: {expected} expected, {measured} measured");
    }
    let again = stage.run(&["backfill", "--dry-run", "--json"]).await.json();
    assert_eq!((&again["plan"]["to_do"], &again["plan"]["expected"]["pictures"]), (&json!({}), &json!(0)));
    let told = stage.run(&["backfill", "--dry-run"]).await.stdout;
    assert!(told.contains("S3 requests") && told.contains("GB-seconds"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn above_a_sum_nothing_is_done_before_somebody_has_said_yes() {
    let stage = with_pictures().await;
    let written = stage.writes();
    let refused = stage.run(&["backfill", "--ask-above", "0.0001"]).await;
    assert_eq!((refused.code(), stage.writes()), (Some(2), written), "{}", refused.stdout);
    assert!(refused.stderr.contains("--yes") && refused.stdout.contains("expected"), "{}", refused.stderr);
    std::fs::write(stage.file("keys"), KEYS.join("\n")).unwrap();
    let by_keys = stage.run(&["backfill", "--ask-above", "0.0001", "--keys", "keys"]).await;
    assert_eq!((by_keys.code(), stage.writes()), (Some(2), written));
    let agreed = stage.run(&["backfill", "--ask-above", "0.0001", "--yes", "--json"]).await;
    assert_eq!((agreed.code(), &agreed.json()["summary"]["outcomes"]), (Some(0), &json!({"made": 12})));
    // Nothing is left to do, which costs less.
    assert_eq!(stage.run(&["backfill", "--ask-above", "0.0001"]).await.code(), Some(0));
}
