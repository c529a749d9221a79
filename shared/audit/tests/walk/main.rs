//! The walk beside what anybody would say who holds both buckets in memory: on keys that sort in all the wrong ways, and
//! stopped, written down and taken up again anywhere.
#![allow(clippy::unwrap_used)]

#[path = "../../../pipeline/tests/convergence/memory.rs"]
#[allow(dead_code)]
mod memory;

use std::collections::{BTreeMap, BTreeSet};

use thumbline::store::ErrorKind;
use thumbline_audit::walk::MAX_GROUP_OUTPUTS;
use thumbline_audit::{Buckets, Group, Position, Walk};

use memory::{Event, INPUT, MemoryStore, OUTPUT};

fn buckets() -> Buckets {
    Buckets { input: INPUT.to_owned(), output: OUTPUT.to_owned() }
}

/// Numbers that look random and are the same every time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % limit
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// What sorts around `/`, what repeats it, what is longer than a byte, and what Thumbline keeps for itself.
const PIECES: [&str; 14] = ["a", "b", "a", "!", "-", "/", "/", "//", "~", "~/", "0", " ", "ü", "😀"];
const NAMES: [&str; 4] = ["manifest.json", "small.webp", "@64x64.webp", "-"];

struct World {
    store: MemoryStore,
    sources: BTreeSet<String>,
    outputs: BTreeSet<String>,
}

impl World {
    fn random(dice: &mut Dice) -> World {
        let (store, mut sources, mut outputs) = (MemoryStore::default(), BTreeSet::new(), BTreeSet::new());
        store.set_page_limit(1 + dice.below(7));
        for _ in 0..dice.below(25) {
            let key: String = (0..=dice.below(5)).map(|_| dice.of(&PIECES)).collect();
            let fate = dice.below(4);
            if fate != 0 {
                store.put_source(&key, key.as_bytes());
                sources.insert(key.clone());
            }
            if fate != 1 {
                for _ in 0..=dice.below(3) {
                    outputs.insert(format!("{key}/{}", dice.of(&NAMES)));
                }
            }
            if fate == 3 {
                outputs.insert(key);
            }
        }
        for output in &outputs {
            store.put_output(output, output.as_bytes());
        }
        World { store, sources, outputs }
    }

    /// Each prefix with whether it has a source, and its outputs.
    fn grouped(&self, walked: &str) -> BTreeMap<String, (bool, Vec<String>)> {
        let mut groups: BTreeMap<String, (bool, Vec<String>)> = BTreeMap::new();
        for source in self.sources.iter().filter(|source| source.starts_with(walked)) {
            groups.entry(format!("{source}/")).or_default().0 = true;
        }
        for output in &self.outputs {
            let prefix = output.rfind('/').map_or("", |slash| &output[..=slash]);
            let is_walked = match prefix.strip_suffix('/') {
                Some(source) => source.starts_with(walked),
                None => walked.is_empty(),
            };
            if is_walked {
                groups.entry(prefix.to_owned()).or_default().1.push(output.clone());
            }
        }
        groups
    }

    fn walk(&self, position: Position) -> Walk<MemoryStore> {
        Walk::new(&self.store, &buckets(), position)
    }
}

/// Puts the groups of a walk together by prefix, each with its source's key and its outputs' keys.
fn together(groups: &[Group]) -> BTreeMap<String, (bool, Vec<String>)> {
    let mut together: BTreeMap<String, (bool, Vec<String>)> = BTreeMap::new();
    for group in groups {
        let entry = together.entry(group.prefix.clone()).or_default();
        if let Some(source) = &group.source {
            assert_eq!(format!("{}/", source.key), group.prefix);
            assert!(!entry.0, "a source is handed out once: {group:?}");
            entry.0 = true;
        }
        entry.1.extend(group.outputs.iter().map(|output| output.key.clone()));
    }
    together
}

async fn rest(mut walk: Walk<MemoryStore>) -> Vec<Group> {
    let mut groups = Vec::new();
    while let Some(group) = walk.next().await.unwrap() {
        groups.push(group);
    }
    groups
}

const WORLDS: u64 = 1500;

#[tokio::test]
async fn every_source_and_every_output_is_handed_out_once_under_its_prefix_whatever_the_keys_are() {
    for seed in 1..=WORLDS {
        let mut dice = Dice(seed);
        let world = World::random(&mut dice);
        let groups = rest(world.walk(Position::start(""))).await;
        assert_eq!(together(&groups), world.grouped(""), "seed {seed}");
        let of_sources = groups.iter().filter(|group| !group.prefix.is_empty());
        let prefixes: BTreeSet<&str> = of_sources.clone().map(|group| &*group.prefix).collect();
        assert_eq!(prefixes.len(), of_sources.count(), "seed {seed}: no prefix comes twice");
    }
}

#[tokio::test]
async fn a_walk_under_a_prefix_sees_what_belongs_to_its_sources_and_nothing_else() {
    for seed in 1..=WORLDS {
        let mut dice = Dice(seed + 1_000_000);
        let world = World::random(&mut dice);
        let prefix: String = (0..=dice.below(2)).map(|_| dice.of(&PIECES)).collect();
        let groups = rest(world.walk(Position::start(&prefix))).await;
        assert_eq!(together(&groups), world.grouped(&prefix), "seed {seed}, {prefix:?}");
    }
}

#[tokio::test]
async fn a_walk_that_is_stopped_written_down_and_taken_up_elsewhere_hands_out_the_same() {
    for seed in 1..=WORLDS {
        let mut dice = Dice(seed + 2_000_000);
        let world = World::random(&mut dice);
        let whole = rest(world.walk(Position::start(""))).await;
        let (mut groups, mut position) = (Vec::new(), Position::start(""));
        'walks: loop {
            let mut walk = world.walk(position);
            for _ in 0..=dice.below(3) {
                match walk.next().await.unwrap() {
                    Some(group) => groups.push(group),
                    None => break 'walks,
                }
            }
            let written = serde_json::to_string(walk.position()).unwrap();
            position = serde_json::from_str(&written).unwrap();
        }
        assert_eq!(groups, whole, "seed {seed}");
    }
}

#[tokio::test]
async fn what_is_open_and_held_back_stays_small_however_much_is_walked() {
    let store = MemoryStore::default();
    for number in 0..300 {
        let key = format!("{:02}/{number:03}.jpg", number % 7);
        store.put_source(&key, key.as_bytes());
        for name in NAMES {
            store.put_output(&format!("{key}/{name}"), name.as_bytes());
        }
    }
    let mut walk = Walk::new(&store, &buckets(), Position::start(""));
    while walk.next().await.unwrap().is_some() {
        let written = serde_json::to_string(walk.position()).unwrap();
        assert!(written.len() < 2_000, "{} bytes: {written}", written.len());
    }
}

#[tokio::test]
async fn a_folder_full_of_what_thumbline_did_not_make_comes_in_parts() {
    let store = MemoryStore::default();
    let all: Vec<String> = (0..2 * MAX_GROUP_OUTPUTS + 5).map(|n| format!("foreign/{n:05}.txt")).collect();
    for key in &all {
        store.put_output(key, b"x");
    }
    let groups = rest(Walk::new(&store, &buckets(), Position::start(""))).await;
    let sizes: Vec<usize> = groups.iter().map(|group| group.outputs.len()).collect();
    assert_eq!(sizes, [MAX_GROUP_OUTPUTS, MAX_GROUP_OUTPUTS, 5]);
    assert!(groups.iter().all(|group| group.is_part && group.source.is_none()));
    let seen: Vec<&String> =
        groups.iter().flat_map(|group| &group.outputs).map(|output| &output.key).collect();
    assert_eq!(seen, all.iter().collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_is_asked_for_again_and_a_bucket_that_is_closed_is_not() {
    let world = World::random(&mut Dice(77));
    let whole = rest(world.walk(Position::start(""))).await;
    world.store.set_hook(
        |number, _, _| {
            if number % 3 == 0 { Event::Error(ErrorKind::Throttled) } else { Event::Nothing }
        },
    );
    assert_eq!(rest(world.walk(Position::start(""))).await, whole);
    world.store.set_hook(|_, _, _| Event::Error(ErrorKind::AccessDenied));
    let error = world.walk(Position::start("")).next().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AccessDenied);
    assert!(world.store.take_requests().len() <= 2);
}
