//! What is said of a group whose listing has been overtaken: what is true by then, and never a false alarm.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../../../pipeline/tests/convergence/memory.rs"]
#[allow(dead_code)]
mod memory;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use thumbline::{Call, Hint, Outcome, Pipeline};
use thumbline_audit::{
    Account, Accountant, Buckets, Group, Orphans, Owner, Position, Reason, Selection, State, Tally, Walk,
    audit, repair,
};

use memory::{Event, INPUT, MemoryStore, OUTPUT, put_source, settings};

const PRESETS: &str = "small=8x8:cover:png medium=12x:png";
const KEY: &str = "a b.png";

/// A picture of one pixel, another for each shade.
fn picture(shade: u8) -> Vec<u8> {
    // PNG with one stored block: signature, IHDR, IDAT, IEND.
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let mut bytes = u32::try_from(data.len()).unwrap().to_be_bytes().to_vec();
        bytes.extend_from_slice(kind);
        bytes.extend_from_slice(data);
        bytes.extend_from_slice(&crc(&bytes[4..]).to_be_bytes());
        bytes
    };
    let row = [0, shade];
    let (low, high) = row.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65521;
        (low, (high + low) % 65521)
    });
    let mut data = vec![0x78, 0x01, 0x01, 2, 0, 0xfd, 0xff];
    data.extend_from_slice(&row);
    data.extend_from_slice(&((high << 16) | low).to_be_bytes());
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.extend(chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]));
    png.extend(chunk(b"IDAT", &data));
    png.extend(chunk(b"IEND", &[]));
    png
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 },
        )
    })
}

struct World {
    store: MemoryStore,
    pipeline: Pipeline<MemoryStore>,
    selection: Selection,
}

impl World {
    fn new() -> World {
        let store = MemoryStore::default();
        let pipeline = Pipeline::new(settings(PRESETS), store.clone()).unlogged();
        World { store, pipeline, selection: Selection::default() }
    }

    fn accountant(&self) -> Accountant<'_, MemoryStore> {
        Accountant::new(&self.pipeline, &self.selection)
    }

    async fn process(&self, key: &str) {
        let hint = Hint { bucket: INPUT.to_owned(), key: key.to_owned() };
        let outcome = self.pipeline.process(&hint, &call()).await.outcome;
        assert!(!outcome.must_retry(), "{outcome:?}");
    }

    async fn put(&self, key: &str, shade: u8) {
        self.store.put_source(key, &picture(shade));
        self.process(key).await;
    }

    fn walk(&self) -> Walk<MemoryStore> {
        let buckets = Buckets { input: INPUT.to_owned(), output: OUTPUT.to_owned() };
        Walk::new(&self.store, &buckets, Position::start(""))
    }

    /// The group of a prefix, as it is listed now.
    async fn listed(&self, prefix: &str) -> Group {
        let mut walk = self.walk();
        while let Some(group) = walk.next().await.unwrap() {
            if group.prefix == prefix {
                return group;
            }
        }
        panic!("{prefix} is not listed")
    }

    async fn audit(&self) -> (Tally, Vec<Account>) {
        let (mut tally, mut unsettled) = (Tally::default(), Vec::new());
        audit(self.accountant(), self.walk(), 4, |account| {
            tally.add(&account);
            if !account.is_settled() {
                unsettled.push(account);
            }
            Ok::<_, thumbline::store::StoreError>(())
        })
        .await
        .unwrap();
        (tally, unsettled)
    }
}

fn call() -> Call {
    Call { request_id: "test".to_owned(), deadline: Instant::now() + Duration::from_secs(60) }
}

fn state(account: &Account) -> &State {
    &account.source.as_ref().unwrap_or_else(|| panic!("no source: {account:?}")).state
}

#[tokio::test]
async fn what_was_overwritten_and_made_anew_after_it_was_listed_is_current() {
    let world = World::new();
    world.put(KEY, 1).await;
    let group = world.listed("a b.png/").await;
    world.put(KEY, 2).await;
    assert_eq!(*state(&world.accountant().account(group).await.unwrap()), State::Current);
}

#[tokio::test]
async fn what_was_removed_after_it_was_listed_is_nothing_to_tell_of() {
    let world = World::new();
    world.put(KEY, 1).await;
    let group = world.listed("a b.png/").await;
    world.store.remove_source(KEY);
    let account = world.accountant().account(group.clone()).await.unwrap();
    // Its source is there by the listing, and its manifest says that it is current: true when it was listed.
    assert!(account.is_settled());
    world.process(KEY).await;
    assert_eq!(world.accountant().account(group).await.unwrap(), Account::default());
}

#[tokio::test]
async fn outputs_whose_source_was_put_after_the_listing_had_passed_it_are_no_orphans() {
    let world = World::new();
    world.put(KEY, 1).await;
    let group = Group { source: None, ..world.listed("a b.png/").await };
    assert_eq!(*state(&world.accountant().account(group.clone()).await.unwrap()), State::Current);
    world.store.remove_source(KEY);
    let orphans = world.accountant().account(group).await.unwrap().orphans;
    let [Orphans { of, outputs }] = &orphans[..] else { panic!("{orphans:?}") };
    assert_eq!((of, outputs.len()), (&Owner::Gone(KEY.to_owned()), 3));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_changes_each_time_is_said_to_be_changing_and_then_is_not() {
    let world = World::new();
    world.put(KEY, 1).await;
    let group = world.listed("a b.png/").await;
    world.store.put_source(KEY, &picture(2));
    let mut shade = 2;
    world.store.set_hook(move |_, operation, objects| {
        if operation == "HEAD source" {
            shade += 1;
            put_source(objects, KEY, &picture(shade));
        }
        Event::Nothing
    });
    let stale = Group { source: None, ..group };
    assert_eq!(*state(&world.accountant().account(stale.clone()).await.unwrap()), State::Changing);
    world.store.clear_hook();
    assert_eq!(state(&world.accountant().account(stale).await.unwrap()).name(), "stale");
}

#[tokio::test]
async fn what_gets_no_outputs_by_design_is_ignored_and_outputs_that_it_has_are_orphans() {
    let world = World::new();
    world.put(KEY, 1).await;
    world.store.copy_to_input("a b.png/small.png", "copy.png");
    world.store.put_source("folder/", b"");
    world.store.put_source("cold.png", &picture(3));
    let (tally, unsettled) = world.audit().await;
    assert_eq!(tally.ignored.get("own_output"), Some(&1), "{unsettled:?}");
    assert_eq!(tally.ignored.get("folder_marker"), Some(&1));
    let mut cold = world.listed("cold.png/").await;
    assert_eq!(state(&world.accountant().account(cold.clone()).await.unwrap()).name(), "missing");
    if let Some(source) = &mut cold.source {
        source.is_archived = true;
    }
    let account = world.accountant().account(cold).await.unwrap();
    assert_eq!(*state(&account), State::Ignored { reason: Reason::Archived });
    world.store.put_output("copy.png/small.png", b"x");
    let (tally, unsettled) = world.audit().await;
    assert_eq!(tally.orphaned, 1, "{unsettled:?}");
}

#[tokio::test]
async fn outputs_under_a_hash_belong_to_whom_their_manifest_says_or_to_the_source_that_hashes_to_it() {
    let world = World::new();
    let (first, second, third) = ("k".repeat(1020), "l".repeat(1020), "~/third.png");
    for (shade, key) in (1..).zip([first.as_str(), second.as_str(), third]) {
        world.put(key, shade).await;
    }
    assert_eq!(world.audit().await.0.of("current"), 3);
    // A writer of the first died before its manifest, and the source of the second is gone.
    let of = |key: &str| thumbline::layout::Layout::of(key, &world.pipeline.settings().presets);
    world.store.remove_output(&of(&first).manifest());
    world.store.remove_source(&second);
    let nobodys = format!("~/{}/small.png", "0".repeat(64));
    world.store.put_output(&nobodys, b"x");
    // Where the third's outputs would be by its key, and beside those that it has.
    world.store.put_output("~/third.png/small.png", b"x");
    world.store.put_output(&format!("{}old.jpg", of(third).prefix()), b"x");
    let (tally, unsettled) = world.audit().await;
    assert_eq!((tally.sources, tally.of("current"), tally.of("missing"), tally.orphaned), (2, 1, 1, 6));
    let owners: BTreeSet<Option<&str>> =
        unsettled.iter().flat_map(|account| &account.orphans).map(|orphans| orphans.of.source()).collect();
    assert_eq!(owners, BTreeSet::from([None, Some(second.as_str()), Some(third)]));
    for account in &unsettled {
        let outcomes = repair(&world.pipeline, account, call).await;
        assert!(
            outcomes.iter().all(|outcome| matches!(outcome, Outcome::Made(_) | Outcome::Removed)),
            "{outcomes:?}"
        );
    }
    let (tally, unsettled) = world.audit().await;
    assert_eq!((tally.of("current"), unsettled), (2, Vec::new()));
}

#[tokio::test]
async fn a_stray_that_somebody_writes_again_before_it_is_removed_stays() {
    let world = World::new();
    world.put(KEY, 1).await;
    let stray = "a b.png/old.jpg";
    world.store.put_output(stray, b"old");
    let (_, unsettled) = world.audit().await;
    assert_eq!(unsettled.len(), 1);
    world.store.put_output(stray, b"new");
    repair(&world.pipeline, &unsettled[0], call).await;
    assert_eq!(world.store.outputs()[stray].body, "new");
    world.store.put_output(stray, b"old");
    let before = world.store.outputs();
    repair(&world.pipeline, &unsettled[0], call).await;
    let kept = before.into_iter().filter(|(key, _)| key != stray).collect();
    assert_eq!(world.store.outputs(), kept, "the stray is gone, and nothing else was touched");
}
