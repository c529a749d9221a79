//! The convergence protocol against an S3 that changes, fails and stops between any two requests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod memory;
mod on_demand;

use std::time::Duration;

use image::{ImageFormat, Rgb, RgbImage};
use thumbline::manifest::Status;
use thumbline::store::ErrorKind;
use thumbline::{Call, Hint, Manifest, Outcome, Pipeline, Processed, Store};

use memory::{Event, INPUT, MemoryStore, OUTPUT, put_source, settings};

const KEY: &str = "a b+c.png";
const PRESETS: &str = "small=8x8:cover:png medium=12x:png";
/// LIST, GET source, two PUTs of thumbnails, PUT manifest, HEAD source.
const REQUESTS_OF_A_CLEAN_RUN: usize = 6;

fn picture(colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    RgbImage::from_pixel(16, 16, Rgb(colour)).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn red() -> Vec<u8> {
    picture([200, 0, 0])
}

fn blue() -> Vec<u8> {
    picture([0, 0, 200])
}

fn hint() -> Hint {
    Hint { bucket: INPUT.to_owned(), key: KEY.to_owned() }
}

fn pipeline(store: &MemoryStore) -> Pipeline<MemoryStore> {
    Pipeline::new(settings(PRESETS), store.clone())
}

fn call() -> Call {
    // By tokio's clock, which some of the tests move.
    let deadline = tokio::time::Instant::now().into_std() + Duration::from_mins(1);
    Call { request_id: "test".to_owned(), deadline }
}

async fn deliver(store: &MemoryStore) -> Processed {
    pipeline(store).process(&hint(), &call()).await
}

/// What a store holds that was never disturbed.
async fn clean_run(source: Option<&[u8]>) -> MemoryStore {
    let store = MemoryStore::default();
    if let Some(source) = source {
        store.put_source(KEY, source);
    }
    let outcome = deliver(&store).await.outcome;
    assert!(!outcome.must_retry(), "{outcome:?}");
    store
}

fn manifest(store: &MemoryStore) -> Manifest {
    Manifest::parse(&store.outputs()[&format!("{KEY}/manifest.json")].body).unwrap()
}

#[tokio::test]
async fn a_picture_becomes_its_thumbnails_and_a_manifest_written_last() {
    let store = MemoryStore::default();
    store.put_source(KEY, &red());
    let processed = deliver(&store).await;
    let Outcome::Made(made) = &processed.outcome else { panic!("{processed:?}") };
    assert_eq!(store.take_requests(), ["LIST", "GET source", "PUT", "PUT", "PUT", "HEAD source"]);
    assert_eq!(**made, manifest(&store));
    assert_eq!(made.status, Status::Ready);
    assert_eq!((made.source.width, made.source.height), (Some(16), Some(16)));
    assert!(made.thumbhash.as_ref().is_some_and(|hash| hash.len() > 20), "{:?}", made.thumbhash);
    let keys: Vec<String> = store.outputs().into_keys().collect();
    assert_eq!(keys, ["manifest.json", "medium.png", "small.png"].map(|name| format!("{KEY}/{name}")));
    assert_eq!(processed.effort.decodes, 1);
}

#[tokio::test]
async fn the_same_event_a_hundred_times_is_one_decode_and_moves_no_bytes_again() {
    let store = clean_run(Some(&red())).await;
    store.take_requests();
    for _ in 0..99 {
        let processed = deliver(&store).await;
        assert!(matches!(processed.outcome, Outcome::UpToDate(_)), "{processed:?}");
        assert_eq!((processed.effort.decodes, processed.effort.source_bytes), (0, 0));
        assert_eq!(store.take_requests(), ["LIST", "GET manifest", "GET source"]);
    }
}

#[tokio::test]
async fn outputs_that_were_listed_by_a_walk_are_not_listed_again_and_an_old_listing_does_no_harm() {
    let store = MemoryStore::default();
    store.put_source(KEY, &red());
    let before = store.list(OUTPUT, &format!("{KEY}/")).await.unwrap();
    store.take_requests();
    let process = || pipeline(&store);
    let processed = process().process_listed(&hint(), before.clone(), &call()).await;
    assert!(matches!(processed.outcome, Outcome::Made(_)), "{processed:?}");
    assert_eq!(store.take_requests(), ["GET source", "PUT", "PUT", "PUT", "HEAD source"]);
    // The listing now says that nothing is there: writing finds out, and all is listed again.
    let processed = process().process_listed(&hint(), before, &call()).await;
    assert!(matches!(processed.outcome, Outcome::UpToDate(_)), "{processed:?}");
    assert_eq!(processed.effort.rounds, 2);
    assert_eq!(store.outputs(), clean_run(Some(&red())).await.outputs());
}

#[tokio::test]
async fn a_hundred_events_in_one_batch_are_one_picture() {
    let store = MemoryStore::default();
    store.put_source(KEY, &red());
    let hints = vec![hint(); 100];
    let processed = pipeline(&store).process_all(&hints, &call()).await;
    assert_eq!(processed.len(), 100);
    assert_eq!(store.take_requests().len(), REQUESTS_OF_A_CLEAN_RUN);
}

#[tokio::test]
async fn overwriting_replaces_and_removing_removes() {
    let store = clean_run(Some(&red())).await;
    store.put_source(KEY, &blue());
    assert!(matches!(deliver(&store).await.outcome, Outcome::Made(_)));
    assert_eq!(store.outputs(), clean_run(Some(&blue())).await.outputs());
    store.remove_source(KEY);
    assert_eq!(deliver(&store).await.outcome, Outcome::Removed);
    assert!(store.outputs().is_empty());
    assert_eq!(
        deliver(&store).await.outcome,
        Outcome::Removed,
        "removed is removed, however often it is said"
    );
}

#[tokio::test]
async fn a_corrupt_overwrite_leaves_a_rejection_and_no_thumbnail_of_the_older_picture() {
    let store = clean_run(Some(&red())).await;
    store.put_source(KEY, &blue()[..40]);
    for _ in 0..2 {
        let outcome = deliver(&store).await.outcome;
        assert!(matches!(&outcome, Outcome::Rejected(_)), "{outcome:?}");
        assert_eq!(store.outputs().len(), 1);
        assert_eq!(manifest(&store).status, Status::Rejected);
    }
    assert_eq!(
        store.take_requests().last().unwrap(),
        "GET source",
        "the second time it is known without reading"
    );
}

#[tokio::test]
async fn a_source_over_the_limit_is_rejected_without_its_bytes() {
    let store = MemoryStore::default();
    store.put_source(KEY, &vec![0; 1_000_001]);
    let processed = deliver(&store).await;
    assert_eq!(processed.outcome.reason(), Some("too_large"));
    assert_eq!(processed.effort.source_bytes, 0);
}

#[tokio::test]
async fn a_source_over_a_limit_is_tried_again_when_limits_are_raised_and_only_then() {
    let with_limit = |store: &MemoryStore, max_pixels| {
        let mut settings = settings(PRESETS);
        settings.limits.max_pixels = max_pixels;
        Pipeline::new(settings, store.clone())
    };
    let store = MemoryStore::default();
    store.put_source(KEY, &red());
    let rejected = with_limit(&store, 255).process(&hint(), &call()).await;
    assert_eq!(rejected.outcome.reason(), Some("too_large"));
    assert_eq!(manifest(&store).limits.unwrap().max_pixels, 255);
    store.take_requests();
    // The same limits, and lower ones: it is known without reading the source.
    for max_pixels in [255, 100] {
        let again = with_limit(&store, max_pixels).process(&hint(), &call()).await;
        assert_eq!((again.outcome.reason(), again.effort.source_bytes), (Some("too_large"), 0));
        assert_eq!(store.take_requests(), ["LIST", "GET manifest", "GET source"]);
    }
    assert!(matches!(with_limit(&store, 256).process(&hint(), &call()).await.outcome, Outcome::Made(_)));
    assert_eq!(store.outputs(), clean_run(Some(&red())).await.outputs());
    // What is made stays made, whatever the limits become.
    store.take_requests();
    for max_pixels in [255, 1_000_000] {
        let outcome = with_limit(&store, max_pixels).process(&hint(), &call()).await.outcome;
        assert!(matches!(outcome, Outcome::UpToDate(_)), "{outcome:?}");
    }
    // And what no limit was the reason of stays rejected.
    store.put_source(KEY, &red()[..40]);
    assert_eq!(deliver(&store).await.outcome.reason(), Some("truncated"));
    store.take_requests();
    with_limit(&store, u64::MAX).process(&hint(), &call()).await;
    assert_eq!(store.take_requests(), ["LIST", "GET manifest", "GET source"]);
}

/// Rows that each have a grey of their own: PNG holds them in fewer bytes than WebP.
fn rows() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let rows = RgbImage::from_fn(16, 16, |_, y| Rgb([(2 * y).to_le_bytes()[0]; 3]));
    rows.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[tokio::test]
async fn where_the_format_is_chosen_a_file_of_the_other_format_goes_with_its_source() {
    let pipeline = |store: &MemoryStore| Pipeline::new(settings("small=16x:auto"), store.clone());
    let store = MemoryStore::default();
    for (source, name, content_type) in [
        (red(), "small.webp", "image/webp"),
        (rows(), "small.png", "image/png"),
        (red(), "small.webp", "image/webp"),
    ] {
        store.put_source(KEY, &source);
        let outcome = pipeline(&store).process(&hint(), &call()).await.outcome;
        assert!(matches!(outcome, Outcome::Made(_)), "{outcome:?}");
        let keys: Vec<String> = store.outputs().into_keys().collect();
        assert_eq!(keys, ["manifest.json", name].map(|name| format!("{KEY}/{name}")));
        let thumbnail = manifest(&store).thumbnails.remove(0);
        assert_eq!((thumbnail.key, thumbnail.content_type.as_str()), (format!("{KEY}/{name}"), content_type));
        let again = pipeline(&store).process(&hint(), &call()).await.outcome;
        assert!(matches!(again, Outcome::UpToDate(_)), "{again:?}");
    }
}

#[tokio::test]
async fn other_presets_make_everything_anew_and_leave_nothing_of_the_old() {
    let store = clean_run(Some(&red())).await;
    let renamed = Pipeline::new(settings("tiny=4x4:cover:png"), store.clone());
    let processed = renamed.process(&hint(), &call()).await;
    assert!(matches!(processed.outcome, Outcome::Made(_)));
    let keys: Vec<String> = store.outputs().into_keys().collect();
    assert_eq!(keys, ["manifest.json", "tiny.png"].map(|name| format!("{KEY}/{name}")));
}

#[tokio::test]
async fn on_demand_sizes_stay_while_their_source_stays_and_go_with_it() {
    let store = clean_run(Some(&red())).await;
    let on_demand = format!("{KEY}/@w=5.png");
    store.put_output(&on_demand, b"5");
    assert!(matches!(deliver(&store).await.outcome, Outcome::UpToDate(_)));
    assert!(store.outputs().contains_key(&on_demand));
    store.put_source(KEY, &blue());
    assert!(matches!(deliver(&store).await.outcome, Outcome::Made(_)));
    assert!(!store.outputs().contains_key(&on_demand), "it shows the older picture");
}

#[tokio::test]
async fn a_thumbnail_that_somebody_replaced_or_removed_is_made_again() {
    for damage in [None, Some(&b"not ours"[..])] {
        let store = clean_run(Some(&red())).await;
        let key = format!("{KEY}/small.png");
        match damage {
            Some(bytes) => store.put_output(&key, bytes),
            None => store.remove_output(&key),
        }
        assert!(matches!(deliver(&store).await.outcome, Outcome::Made(_)));
        assert_eq!(store.outputs(), clean_run(Some(&red())).await.outputs());
    }
}

#[tokio::test]
async fn what_thumbline_made_is_no_source() {
    let store = clean_run(Some(&red())).await;
    store.copy_to_input(&format!("{KEY}/small.png"), "copied.png");
    let copied = Hint { bucket: INPUT.to_owned(), key: "copied.png".to_owned() };
    let processed = pipeline(&store).process(&copied, &call()).await;
    assert_eq!(processed.outcome.reason(), Some("own_output"));
    assert!(store.outputs().keys().all(|key| key.starts_with(KEY)));
}

#[tokio::test]
async fn an_event_about_another_bucket_is_never_counted_as_done() {
    let stray = Hint { bucket: "elsewhere".to_owned(), key: KEY.to_owned() };
    let store = MemoryStore::default();
    let processed = pipeline(&store).process(&stray, &call()).await;
    assert_eq!(processed.outcome.reason(), Some("unexpected_bucket"));
    assert!(processed.outcome.must_retry());
    assert!(store.take_requests().is_empty());
}

#[tokio::test]
async fn a_folder_marker_is_ignored_and_an_empty_file_rejected() {
    let store = MemoryStore::default();
    store.put_source("folder/", b"");
    let folder = Hint { bucket: INPUT.to_owned(), key: "folder/".to_owned() };
    let processed = pipeline(&store).process(&folder, &call()).await;
    assert_eq!(processed.outcome.reason(), Some("folder_marker"));
    store.put_source(KEY, b"");
    assert_eq!(deliver(&store).await.outcome.reason(), Some("empty"));
}

/// The newest source at each point where the world can change under a handler.
#[derive(Clone, Copy, Debug)]
enum Change {
    Overwrite,
    Remove,
    OverwriteAndReturn,
}

#[tokio::test]
async fn a_source_that_changes_before_any_request_ends_as_the_newest() {
    for change in [Change::Overwrite, Change::Remove, Change::OverwriteAndReturn] {
        for at in 0..REQUESTS_OF_A_CLEAN_RUN {
            let store = MemoryStore::default();
            store.put_source(KEY, &red());
            store.set_hook(move |number, _, objects| {
                match change {
                    Change::Overwrite | Change::OverwriteAndReturn if number == at => {
                        put_source(objects, KEY, &blue());
                    }
                    Change::OverwriteAndReturn if number == at + 1 => put_source(objects, KEY, &red()),
                    Change::Remove if number == at => {
                        drop(objects.remove(&(INPUT.to_owned(), KEY.to_owned())));
                    }
                    _ => {}
                }
                Event::Nothing
            });
            // One event was for the first state and is being handled; the change emits another.
            let first = deliver(&store).await.outcome;
            store.clear_hook();
            let second = deliver(&store).await.outcome;
            assert!(!first.must_retry() && !second.must_retry(), "{change:?} at {at}: {first:?}, {second:?}");
            let newest = match change {
                Change::Overwrite => Some(blue()),
                Change::Remove => None,
                Change::OverwriteAndReturn => Some(red()),
            };
            assert_eq!(store.outputs(), clean_run(newest.as_deref()).await.outputs(), "{change:?} at {at}");
        }
    }
}

#[tokio::test]
async fn the_final_check_alone_catches_a_change_while_thumbnails_were_written() {
    let store = MemoryStore::default();
    store.put_source(KEY, &red());
    store.set_hook(|number, _, objects| {
        if number == REQUESTS_OF_A_CLEAN_RUN - 1 {
            put_source(objects, KEY, &blue());
        }
        Event::Nothing
    });
    let processed = deliver(&store).await;
    assert!(matches!(processed.outcome, Outcome::Made(_)));
    assert_eq!((processed.effort.rounds, processed.effort.decodes), (2, 2));
    assert_eq!(store.outputs(), clean_run(Some(&blue())).await.outputs());
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_dies_before_any_request_leaves_what_the_next_one_completes() {
    let clean = clean_run(Some(&blue())).await.outputs();
    for at in 0..=REQUESTS_OF_A_CLEAN_RUN {
        let store = clean_run(Some(&red())).await;
        store.put_source(KEY, &blue());
        store.set_hook(move |number, _, _| if number >= at { Event::Die } else { Event::Nothing });
        let died = deliver(&store).await.outcome;
        assert_eq!(died.reason(), Some("deadline"), "dead before request {at}: {died:?}");
        store.clear_hook();
        assert!(!deliver(&store).await.outcome.must_retry());
        assert_eq!(store.outputs(), clean, "dead before request {at}");
    }
}

#[tokio::test]
async fn a_request_that_fails_is_never_a_success_and_the_next_delivery_completes() {
    let clean = clean_run(Some(&red())).await.outputs();
    for kind in [ErrorKind::Throttled, ErrorKind::Unavailable, ErrorKind::Timeout, ErrorKind::AccessDenied] {
        for at in 0..REQUESTS_OF_A_CLEAN_RUN {
            let store = MemoryStore::default();
            store.put_source(KEY, &red());
            store
                .set_hook(move |number, _, _| if number == at { Event::Error(kind) } else { Event::Nothing });
            let failed = deliver(&store).await.outcome;
            assert!(failed.must_retry(), "request {at} failed: {failed:?}");
            assert_eq!(failed.reason(), Some(kind.code()));
            store.clear_hook();
            assert!(!deliver(&store).await.outcome.must_retry());
            assert_eq!(store.outputs(), clean, "request {at} failed");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_conflict_is_the_same_request_again_and_not_without_end() {
    let store = MemoryStore::default();
    store.put_source(KEY, &red());
    store.set_hook(|number, _, _| if number == 2 { Event::Conflict } else { Event::Nothing });
    let processed = deliver(&store).await;
    assert!(matches!(processed.outcome, Outcome::Made(_)));
    assert_eq!(processed.effort.rounds, 1);
    assert_eq!(store.take_requests().len(), REQUESTS_OF_A_CLEAN_RUN + 1);
    store.put_source(KEY, &blue());
    store.set_hook(|_, operation, _| if operation == "PUT" { Event::Conflict } else { Event::Nothing });
    assert_eq!(deliver(&store).await.outcome.reason(), Some("conflict"));
}

#[tokio::test]
async fn handlers_that_run_at_the_same_time_converge_and_none_claims_what_is_not_so() {
    let clean = clean_run(Some(&red())).await.outputs();
    let store = MemoryStore::default();
    store.put_source(KEY, &red());
    let handlers: Vec<_> = (0..20)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { deliver(&store).await })
        })
        .collect();
    for handler in handlers {
        let outcome = handler.await.unwrap().outcome;
        assert!(matches!(outcome, Outcome::Made(_) | Outcome::UpToDate(_)), "{outcome:?}");
    }
    assert_eq!(store.outputs(), clean);
}

#[tokio::test]
async fn keys_too_long_for_outputs_beside_them_have_theirs_under_a_hash() {
    let key = format!("{}.png", "k".repeat(1020));
    let store = MemoryStore::default();
    store.put_source(&key, &red());
    let long = Hint { bucket: INPUT.to_owned(), key: key.clone() };
    let processed = pipeline(&store).process(&long, &call()).await;
    let Outcome::Made(manifest) = processed.outcome else { panic!("{processed:?}") };
    assert_eq!(manifest.source.key, key);
    assert!(store.outputs().keys().all(|output| output.starts_with("~/") && output.len() <= 1024));
}
