//! Verify: finds exactly what was damaged, and repairs exactly that.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::stage::{INPUT, NAMES, OUTPUT, Stage, outputs, picture};

const PICTURES: u32 = 40;

fn key(number: u32) -> String {
    format!("{}/{number:03}.png", number % 3)
}

/// A bucket that everything has been made for.
async fn settled() -> Stage {
    let stage = Stage::start().await;
    for number in 0..PICTURES {
        stage.put(&key(number), picture(number)).await;
    }
    stage.put("folder/", "").await;
    stage.put("broken.png", "this is no picture").await;
    stage.put(&"k".repeat(1020), picture(1000)).await;
    stage.put("~/reserved.png", picture(1001)).await;
    assert_eq!(stage.run(&["backfill"]).await.code(), Some(0));
    stage
}

async fn findings(stage: &Stage) -> (Option<i32>, Value, BTreeSet<(String, String)>) {
    let ran = stage.run(&["verify", "--json", "--findings", "findings"]).await;
    assert!(ran.code() != Some(2), "{}", ran.stderr);
    let lines = std::fs::read_to_string(stage.file("findings")).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found = lines.flat_map(|line| {
        let state = line["state"].as_str().unwrap().to_owned();
        let outputs = line["outputs"].as_array().unwrap().clone();
        let about = if outputs.is_empty() { vec![line["source"].clone()] } else { outputs };
        about.into_iter().map(move |about| (state.clone(), about.as_str().unwrap().to_owned()))
    });
    (ran.code(), ran.json(), found.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settled_bucket_is_accounted_for_and_nothing_is_written() {
    let stage = settled().await;
    let written = stage.writes();
    let (code, counts, found) = findings(&stage).await;
    assert_eq!((code, found.len()), (Some(0), 0), "{counts}");
    assert_eq!(counts["sources"], PICTURES + 4);
    assert_eq!(counts["states"]["current"], PICTURES + 2);
    assert_eq!(counts["rejected"], json!({"not_an_image": 1}));
    assert_eq!(counts["ignored"], json!({"folder_marker": 1}));
    assert_eq!(counts["accounted"], true);
    let ran = stage.run(&["verify", "--repair"]).await;
    assert_eq!(ran.code(), Some(0), "{}", ran.stdout);
    assert_eq!(stage.writes(), written);
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_what_was_damaged_is_found_and_exactly_that_is_repaired() {
    let stage = settled().await;
    let before = stage.listed(OUTPUT).await;
    let mut damage = BTreeSet::new();
    let mut expect = |state: &str, about: String| assert!(damage.insert((state.to_owned(), about)));
    // A thumbnail, a manifest, everything.
    for (number, names) in [(1, &NAMES[1..2]), (2, &NAMES[..1]), (3, &NAMES[..])] {
        for name in names {
            stage.remove(OUTPUT, &format!("{}/{name}", key(number))).await;
        }
    }
    expect("missing", format!("{}/small.webp", key(1)));
    expect("missing", format!("{}/manifest.json", key(2)));
    expect("missing", format!("{}/manifest.json", key(3)));
    // A source that nobody has told of, a thumbnail that somebody else has written.
    stage.put(&key(4), picture(4000)).await;
    expect("stale", key(4));
    stage.put_into(OUTPUT, &format!("{}/wide.png", key(5)), "another").await;
    expect("stale", format!("{}/wide.png", key(5)));
    // Outputs of what is gone, of what never was, beside what is there, and that nothing could have.
    stage.remove(INPUT, &key(6)).await;
    for name in NAMES {
        expect("orphaned", format!("{}/{name}", key(6)));
    }
    let hashed = before.keys().find(|key| key.starts_with("~/")).unwrap();
    let (hash, _) = hashed.rsplit_once('/').unwrap();
    let nobodys = format!("~/{}/small.webp", "0".repeat(64));
    let strays = [
        "never/was.png/small.webp".to_owned(),
        format!("{}/old.jpg", key(7)),
        format!("{hash}/old.jpg"),
        "at-the-root.webp".to_owned(),
        "folder//small.webp".to_owned(),
        nobodys,
        "~/elsewhere/small.webp".to_owned(),
    ];
    for stray in strays {
        stage.put_into(OUTPUT, &stray, "stray").await;
        expect("orphaned", stray);
    }
    // None of these is anything to tell of.
    stage.put_into(OUTPUT, &format!("{}/@99x.webp", key(8)), "on demand").await;
    stage.put_into(OUTPUT, "~/backfill/run.json", "a record").await;
    stage.put_into(OUTPUT, "~/batch/reports/1/report.csv", "a report").await;

    let (code, counts, found) = findings(&stage).await;
    assert_eq!(found, damage, "{counts}");
    assert_eq!((code, &counts["accounted"]), (Some(1), &json!(false)));
    let states = &counts["states"];
    assert_eq!(
        (&states["missing"], &states["stale"], &counts["orphaned"]),
        (&json!(3), &json!(2), &json!(10))
    );
    let table = stage.run(&["verify"]).await;
    assert_eq!(table.code(), Some(1));
    assert!(
        table.stdout.contains("orphaned outputs") && table.stdout.contains("--repair"),
        "{}",
        table.stdout
    );

    let written = stage.writes();
    let ran = stage.run(&["verify", "--repair", "--json"]).await;
    assert_eq!(ran.code(), Some(0), "{}", ran.stdout);
    assert_eq!(ran.json()["repaired"], json!({"made": 5, "removed": 7, "ignored": 1}));
    // Of five pictures two thumbnails and a manifest each; ten orphans, one by one.
    assert_eq!(stage.writes() - written, 5 * 3 + 10);
    let (code, _, found) = findings(&stage).await;
    assert_eq!((code, found.len()), (Some(0), 0));
    // What was not damaged is as it was.
    let after = stage.listed(OUTPUT).await;
    let kept =
        before.iter().filter(|(output, _)| !output.starts_with(&key(4)) && !output.starts_with(&key(6)));
    assert!(kept.into_iter().all(|(key, etag)| after.get(key) == Some(etag)));
    assert_eq!(after.len(), before.len() - 3 + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_presets_and_raised_limits_are_told_apart_from_what_is_missing() {
    let stage = settled().await;
    let other = stage.run(&["verify", "--json", "--presets", "other=9x9:jpeg"]).await;
    assert_eq!((other.code(), &other.json()["states"]["other_recipe"]), (Some(1), &json!(PICTURES + 3)));
    let mut command = stage.command(&["backfill"]);
    stage.put("wide.png", picture(50)).await;
    let limited = command.env("THUMBLINE_MAX_PIXELS", "100").output().unwrap();
    assert!(limited.status.success());
    let (code, counts, found) = findings(&stage).await;
    assert_eq!((code, &counts["states"]["outgrown"]), (Some(1), &json!(1)));
    assert_eq!(found, BTreeSet::from([("outgrown".to_owned(), "wide.png".to_owned())]));
    assert_eq!(stage.run(&["verify", "--repair"]).await.code(), Some(0));
    assert_eq!(findings(&stage).await.0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wrong_input_bucket_does_not_empty_the_output_bucket() {
    let stage = Stage::start().await;
    for number in 0..150 {
        for name in NAMES {
            stage.put_into(OUTPUT, &format!("{}/{name}", key(number)), "x").await;
        }
    }
    let ran = stage.run(&["verify", "--repair"]).await;
    assert_eq!(ran.code(), Some(2));
    assert!(ran.stderr.contains("the right input bucket"), "{}", ran.stderr);
    assert_eq!(stage.listed(OUTPUT).await.len(), 150 * NAMES.len());
    assert_eq!(stage.run(&["verify", "--repair", "--yes"]).await.code(), Some(0));
    assert!(stage.listed(OUTPUT).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_prefix_only_what_belongs_there_is_looked_at() {
    let stage = settled().await;
    stage.remove(INPUT, &key(1)).await;
    stage.remove(INPUT, &key(2)).await;
    let ran = stage.run(&["verify", "--json", "--prefix", "1/"]).await;
    let counts = ran.json();
    assert_eq!((ran.code(), &counts["orphaned"]), (Some(1), &json!(3)), "{counts}");
    assert_eq!(counts["sources"], 12);
    let ran = stage.run(&["verify", "--repair", "--prefix", "1/"]).await;
    assert_eq!(ran.code(), Some(0));
    let left: BTreeSet<String> = stage.listed(OUTPUT).await.into_keys().collect();
    assert!(outputs([&*key(2)]).is_subset(&left) && outputs([&*key(1)]).is_disjoint(&left));
}
