//! The whole of it at once, on as many objects as `OBJECTS` says: killed five times and gone on with, damaged at random and
//! repaired. A short form runs with the other tests; `make prove-backfill` is the long one.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt};
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;

use crate::stage::{INPUT, NAMES, OUTPUT, Ran, Stage, picture};

const KILLS: u32 = 5;
/// Pictures in memory at the same time, and those that are then under way.
const JOBS: &str = "4";
const UNDER_WAY: u32 = 24;
const ORPHANS: u32 = 100;
const PUTS_AT_ONCE: usize = 32;
/// One in so many is no picture, and one in so many of the others has a colour of its own at a size worth decoding.
const BROKEN_EVERY: u32 = 97;
const LARGER_EVERY: u32 = 50;

/// How often a process's memory and the world's state are looked at.
const LOOK: Duration = Duration::from_millis(20);

fn key(number: u32) -> String {
    // As many folders as make listing and walking work: keys that are prefixes of others among them.
    let folder = number / 10 % 7;
    match number % 10 {
        0 => format!("a{folder}/{number}"),
        1 => format!("a{folder}/{}!.png", number - 1),
        2 => format!("a{folder}/{}/inner.png", number - 2),
        _ => format!("{:02}/{number}.png", number % 31),
    }
}

fn is_broken(number: u32) -> bool {
    number % BROKEN_EVERY == 5
}

fn body(number: u32) -> Vec<u8> {
    if is_broken(number) {
        format!("this is no picture, number {number}").into_bytes()
    } else if number % LARGER_EVERY == 7 {
        crate::stage::larger_picture(number)
    } else {
        picture(number)
    }
}

/// The same numbers every time, that look as if they were not (`SplitMix64`).
fn dice(number: u32) -> u64 {
    let mut mixed = u64::from(number).wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

async fn each<N>(numbers: impl IntoIterator<Item = N>, put: impl AsyncFn(N)) {
    stream::iter(numbers).for_each_concurrent(PUTS_AT_ONCE, |number| put(number)).await;
}

/// What S3 was asked for: how often the bytes of each source went out.
#[derive(Clone, Default)]
struct Reads(Arc<Mutex<BTreeMap<String, u64>>>);

impl Reads {
    fn watch(stage: &Stage) -> Reads {
        let (reads, mut requests) = (Reads::default(), stage.s3.requests().subscribe());
        let shared = reads.clone();
        tokio::spawn(async move {
            loop {
                match requests.recv().await {
                    Ok(record)
                        if record.operation == "GetObject" && record.bucket.as_deref() == Some(INPUT) =>
                    {
                        if record.status == 200 {
                            *shared.0.lock().unwrap().entry(record.key.unwrap()).or_default() += 1;
                        }
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(lost)) => panic!("{lost} requests were not counted"),
                    Err(RecvError::Closed) => return,
                }
            }
        });
        reads
    }

    fn sources(&self) -> u64 {
        self.0.lock().unwrap().len() as u64
    }

    fn repeated(&self) -> u64 {
        self.0.lock().unwrap().values().map(|times| times - 1).sum()
    }
}

/// The most memory that a process has held so far, in KiB. <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>
fn peak_kib(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

/// Runs the command to its end, or until `is_enough`: then it is killed, at once and for good.
async fn run(
    stage: &Stage,
    arguments: &[&str],
    is_enough: impl Fn() -> bool,
) -> (Option<Ran>, u64, Duration) {
    let (out, err) = (stage.file("stdout"), stage.file("stderr"));
    let mut command = stage.command(arguments);
    command.stdin(Stdio::null());
    command.stdout(std::fs::File::create(&out).unwrap()).stderr(std::fs::File::create(&err).unwrap());
    let began = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut peak = 0;
    let status = loop {
        peak = peak.max(peak_kib(&child));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if is_enough() {
            child.kill().unwrap();
            child.wait().unwrap();
            return (None, peak, began.elapsed());
        }
        tokio::time::sleep(LOOK).await;
    };
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    (Some(Ran { status, stdout: read(&out), stderr: read(&err) }), peak, began.elapsed())
}

async fn whole(stage: &Stage, arguments: &[&str]) -> (Ran, u64, Duration) {
    let (ran, peak, time) = run(stage, arguments, || false).await;
    (ran.unwrap(), peak, time)
}

/// What a run has shown.
#[derive(Debug, Default)]
struct Shown {
    objects: u32,
    backfill_kib: u64,
    verify_kib: u64,
    backfill: Duration,
    second: Duration,
    verify: Duration,
    repeated: u64,
}

impl Shown {
    fn print(&self) {
        let per_second = |time: Duration| f64::from(self.objects) / time.as_secs_f64();
        println!(
            "{:>8} objects  backfill {:>6.0}/s, {:>6} KiB, {} read twice  again {:>6.0}/s  verify {:>6.0}/s, {:>6} KiB",
            self.objects,
            per_second(self.backfill),
            self.backfill_kib,
            self.repeated,
            per_second(self.second),
            per_second(self.verify),
            self.verify_kib,
        );
    }
}

/// Everything that must be shown, on this many objects.
async fn prove(objects: u32) -> Shown {
    let stage = Stage::start().await;
    each(0..objects, async |number| stage.put(&key(number), body(number)).await).await;
    let broken = (0..objects).filter(|number| is_broken(*number)).count();
    let current = u64::from(objects) - broken as u64;
    let mut shown = Shown { objects, ..Shown::default() };

    // Killed on the way, each time after another sixth.
    let reads = Reads::watch(&stage);
    for kill in 1..=KILLS {
        let enough = u64::from(objects) * u64::from(kill) / u64::from(KILLS + 1);
        let (ended, peak, time) =
            run(&stage, &["backfill", "--json", "--jobs", JOBS], || reads.sources() >= enough).await;
        assert!(ended.is_none(), "it was killed before it was done");
        shown.backfill_kib = shown.backfill_kib.max(peak);
        shown.backfill += time;
    }
    let (ran, peak, time) = whole(&stage, &["backfill", "--json", "--jobs", JOBS]).await;
    assert_eq!(ran.code(), Some(0), "{}", ran.stderr);
    shown.backfill_kib = shown.backfill_kib.max(peak);
    shown.backfill += time;
    shown.repeated = reads.repeated();
    assert_eq!(reads.sources(), u64::from(objects), "every source was read");
    // What was under way when it was killed, and in a large bucket that is next to nothing.
    let most = u64::from((objects / 100).max(KILLS * UNDER_WAY));
    assert!(shown.repeated <= most, "{} of {objects} were read twice", shown.repeated);

    // A second run has nothing to do, and does nothing.
    let (written, read) = (stage.writes(), reads.repeated());
    let (ran, _, time) = whole(&stage, &["backfill", "--json"]).await;
    let summary = &ran.json()["summary"];
    assert_eq!((ran.code(), summary["listed"].as_u64()), (Some(0), Some(objects.into())), "{summary}");
    assert_eq!(summary["left"]["current"], current);
    assert_eq!(
        (stage.writes(), reads.repeated()),
        (written, read),
        "no bytes of pictures, and nothing written"
    );
    shown.second = time;

    let (ran, peak, time) = whole(&stage, &["verify", "--json"]).await;
    assert_eq!((ran.code(), ran.json()["states"]["current"].as_u64()), (Some(0), Some(current)));
    (shown.verify, shown.verify_kib) = (time, peak);
    damage_and_repair(&stage, objects).await;
    shown
}

/// Deletes a twentieth of the outputs, makes a hundredth stale, adds orphans; finds exactly those, and repairs exactly those.
async fn damage_and_repair(stage: &Stage, objects: u32) {
    let before = stage.listed(OUTPUT).await;
    let stale: BTreeSet<u32> = (0..objects).filter(|number| dice(*number).is_multiple_of(100)).collect();
    let stale_prefixes: HashSet<String> = stale.iter().map(|number| format!("{}/", key(*number))).collect();
    let lost: Vec<&String> = (1_000_000..)
        .zip(before.keys())
        .filter(|(number, _)| dice(*number).is_multiple_of(20))
        .map(|(_, output)| output)
        .filter(|output| !stale_prefixes.contains(prefix_of(output)))
        .collect();
    let orphans: Vec<String> = (0..ORPHANS)
        .map(|number| match number % 3 {
            0 => format!("gone/{number}.png/{}", NAMES[1]),
            1 => format!("{}/orphan-{number}.webp", key(number * 7 + 3)),
            _ => format!("orphan-{number}.webp"),
        })
        .filter(|orphan| !stale_prefixes.contains(prefix_of(orphan)))
        .collect();
    each(&lost, async |output| stage.remove(OUTPUT, output).await).await;
    each(stale.iter().copied(), async |number| stage.put(&key(number), picture(u32::MAX - number)).await)
        .await;
    each(&orphans, async |orphan| stage.put_into(OUTPUT, orphan, "orphan").await).await;

    let (ran, _, _) = whole(stage, &["verify", "--json", "--findings", "findings"]).await;
    assert_eq!(ran.code(), Some(1), "{}", ran.stderr);
    let found = Found::read(&stage.file("findings"));
    let damaged: BTreeSet<&str> = lost.iter().map(|output| prefix_of(output)).collect();
    // Where nothing at all is left, it can't be told what there was.
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for output in before.keys() {
        *left.entry(prefix_of(output)).or_default() += 1;
    }
    for output in &lost {
        *left.entry(prefix_of(output)).or_default() -= 1;
    }
    let is_told = |output: &str| left[prefix_of(output)] > 0 || output.ends_with(NAMES[0]);
    let told = lost.iter().filter(|output| is_told(output));
    assert_eq!(found.missing, told.map(|output| (*output).clone()).collect());
    assert_eq!(found.stale, stale.iter().map(|number| key(*number)).collect());
    // A stray beside a source whose outputs are missing goes when they are made.
    let told = orphans.iter().filter(|orphan| !damaged.contains(prefix_of(orphan)));
    assert_eq!(found.orphaned, told.cloned().collect());

    let written = stage.writes();
    let (ran, _, _) = whole(stage, &["verify", "--repair", "--json"]).await;
    assert_eq!(ran.code(), Some(0), "{}", ran.stdout);
    let most = (damaged.len() + stale.len()) as u64 * NAMES.len() as u64 + u64::from(ORPHANS);
    assert!(stage.writes() - written <= most, "{} writes, {most} at most", stage.writes() - written);
    let (ran, _, _) = whole(stage, &["verify", "--json"]).await;
    assert_eq!(ran.code(), Some(0), "{}", ran.stdout);
    let after = stage.listed(OUTPUT).await;
    let untouched = before.iter().filter(|(output, _)| !stale_prefixes.contains(prefix_of(output)));
    assert!(untouched.into_iter().all(|(output, etag)| after.get(output) == Some(etag)));
    assert!(after.keys().all(|output| !orphans.contains(output)));
}

fn prefix_of(output: &str) -> &str {
    output.rfind('/').map_or("", |slash| &output[..=slash])
}

/// What was found, by state.
struct Found {
    missing: BTreeSet<String>,
    stale: BTreeSet<String>,
    orphaned: BTreeSet<String>,
}

impl Found {
    fn read(path: &str) -> Found {
        let (mut missing, mut stale, mut orphaned) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let outputs =
                line["outputs"].as_array().unwrap().iter().map(|key| key.as_str().unwrap().to_owned());
            match line["state"].as_str().unwrap() {
                "missing" => missing.extend(outputs),
                "stale" => drop(stale.insert(line["source"].as_str().unwrap().to_owned())),
                "orphaned" => orphaned.extend(outputs),
                other => panic!("{other}: {line}"),
            }
        }
        Found { missing, stale, orphaned }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_backfilled_through_five_kills_and_verified_through_damage() {
    prove(400).await.print();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes long; make prove-backfill"]
async fn as_many_objects_as_are_asked_for_in_memory_that_does_not_grow_with_them() {
    let objects = std::env::var("OBJECTS").map_or(100_000, |text| text.parse().unwrap());
    let tenth = prove(objects / 10).await;
    tenth.print();
    let all = prove(objects).await;
    all.print();
    for (what, few, many) in
        [("backfill", tenth.backfill_kib, all.backfill_kib), ("verify", tenth.verify_kib, all.verify_kib)]
    {
        assert!(many * 10 <= few * 11, "{what}: {few} KiB for a tenth, {many} for all");
    }
}
