//! Sizes that somebody asks for, against an S3 that changes, fails and stops between any two requests.

use bytes::Bytes;
use thumbline::store::ErrorKind;
use thumbline::{Outcome, Served, Store, Wish};
use thumbline_imaging::{OutputFormat, Rendition};

use crate::memory::{Event, INPUT, MemoryStore, put_source};
use crate::{KEY, PRESETS, blue, call, deliver, pipeline, red};

/// More than any run here sends, so that every request of it is disturbed once.
const MAX_REQUESTS: usize = 24;

fn wishes() -> [Wish; 3] {
    let rendition = Rendition::new(Some(7), None);
    let preset = PRESETS.split(' ').next().unwrap().parse().unwrap();
    let png = rendition.clone().with_format(OutputFormat::Png);
    [Wish::Preset(preset), Wish::Size(png), Wish::Anywhere(rendition)]
}

async fn serve(store: &MemoryStore, wish: &Wish) -> Result<Served, Outcome> {
    pipeline(store).serve(KEY, wish, u64::MAX, &call()).await
}

fn stored(source: &[u8]) -> MemoryStore {
    let store = MemoryStore::default();
    store.put_source(KEY, source);
    store
}

/// What is served of a source that nobody disturbs.
async fn undisturbed(source: &[u8], wish: &Wish) -> Bytes {
    serve(&stored(source), wish).await.unwrap().body.unwrap()
}

/// Whether these bytes are of the very source whose ETag is told with them.
async fn is_consistent(served: &Served, wish: &Wish) -> bool {
    for source in [red(), blue()] {
        let etag = stored(&source).head(INPUT, KEY).await.unwrap().unwrap();
        if etag == served.source_etag {
            return served.body == Some(undisturbed(&source, wish).await);
        }
    }
    false
}

/// Every output is of the source as it is, and there is none without a source.
async fn has_settled(store: &MemoryStore) -> bool {
    let source = store.head(INPUT, KEY).await.unwrap().map(|etag| etag.to_string());
    store.outputs().values().all(|output| {
        output.metadata.iter().find(|(name, _)| name == "source-etag").map(|(_, etag)| etag)
            == source.as_ref()
    })
}

#[tokio::test]
async fn a_second_request_finds_what_the_first_has_made() {
    for wish in wishes() {
        let store = stored(&red());
        let made = serve(&store, &wish).await.unwrap();
        store.take_requests();
        let found = serve(&store, &wish).await.unwrap();
        assert!(made.was_made && !found.was_made);
        assert_eq!((&found.body, &found.version), (&made.body, &made.version));
        assert!(!store.take_requests().contains(&"PUT".to_owned()));
        assert_eq!(
            pipeline(&store).current_version(KEY, &wish).await.unwrap().is_some(),
            !matches!(wish, Wish::Anywhere(_))
        );
    }
}

#[tokio::test]
async fn whenever_the_source_is_overwritten_bytes_and_etag_belong_together_and_the_next_answer_is_new() {
    for wish in wishes() {
        for moment in 0..MAX_REQUESTS {
            let store = stored(&red());
            store.set_hook(move |number, _, objects| {
                if number == moment {
                    put_source(objects, KEY, &blue());
                }
                Event::Nothing
            });
            let served = serve(&store, &wish).await.unwrap();
            assert!(is_consistent(&served, &wish).await, "{wish:?} at {moment}");
            store.clear_hook();
            store.put_source(KEY, &blue());
            let next = serve(&store, &wish).await.unwrap();
            assert_eq!(next.body, Some(undisturbed(&blue(), &wish).await), "{wish:?} at {moment}");
            deliver(&store).await;
            assert!(has_settled(&store).await, "{wish:?} at {moment}: {:?}", store.outputs().keys());
        }
    }
}

#[tokio::test]
async fn whenever_the_source_is_removed_nothing_is_served_and_nothing_is_left() {
    for wish in wishes() {
        for moment in 0..MAX_REQUESTS {
            let store = stored(&red());
            store.set_hook(move |number, _, objects| {
                if number == moment {
                    objects.remove(&(INPUT.to_owned(), KEY.to_owned()));
                }
                Event::Nothing
            });
            match serve(&store, &wish).await {
                Ok(served) => assert!(is_consistent(&served, &wish).await, "{wish:?} at {moment}"),
                Err(outcome) => assert_eq!(outcome, Outcome::Removed, "{wish:?} at {moment}"),
            }
            store.clear_hook();
            store.remove_source(KEY);
            assert_eq!(serve(&store, &wish).await, Err(Outcome::Removed));
            deliver(&store).await;
            assert!(store.outputs().is_empty(), "{wish:?} at {moment}: {:?}", store.outputs().keys());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_server_leaves_that_died_is_not_served_of_another_source() {
    for wish in wishes() {
        for moment in 0..MAX_REQUESTS {
            let store = stored(&red());
            store.set_hook(move |number, _, _| if number == moment { Event::Die } else { Event::Nothing });
            let died = serve(&store, &wish).await;
            if let Err(outcome) = died {
                assert!(outcome.must_retry(), "{outcome:?}");
            }
            store.clear_hook();
            store.put_source(KEY, &blue());
            let next = serve(&store, &wish).await.unwrap();
            assert_eq!(next.body, Some(undisturbed(&blue(), &wish).await), "{wish:?} at {moment}");
        }
    }
}

#[tokio::test]
async fn whatever_s3_refuses_is_for_a_later_attempt_which_works() {
    for wish in wishes() {
        for moment in 0..MAX_REQUESTS {
            let store = stored(&red());
            store.set_hook(move |number, _, _| {
                if number == moment { Event::Error(ErrorKind::Throttled) } else { Event::Nothing }
            });
            if let Err(outcome) = serve(&store, &wish).await {
                assert_eq!(outcome.reason(), Some("throttled"), "{wish:?} at {moment}");
            }
            store.clear_hook();
            assert!(serve(&store, &wish).await.is_ok(), "{wish:?} at {moment}");
        }
    }
}

#[tokio::test]
async fn many_at_once_are_all_served_and_store_one() {
    for wish in wishes() {
        let store = stored(&red());
        let (pipeline, call) = (pipeline(&store), call());
        let serving = (0..8).map(|_| pipeline.serve(KEY, &wish, u64::MAX, &call));
        let expected = Some(undisturbed(&red(), &wish).await);
        for served in futures::future::join_all(serving).await {
            assert_eq!(served.unwrap().body, expected);
        }
        assert!(has_settled(&store).await);
    }
}
