//! Races: of many conditional requests at the same time, one wins.
//!
//! A loser gets 412, or 409 `ConditionalRequestConflict` where S3 has noticed the other one under way.

use aws_sdk_s3::primitives::ByteStream;
use futures::future::join_all;

use crate::report::cases;
use crate::stage::{Stage, status};

cases![
    of_fifty_creations_at_once_one_wins,
    of_fifty_replacements_of_one_version_one_wins,
    of_a_deletion_and_a_replacement_of_one_version_one_wins,
    readers_see_one_whole_version_while_writers_replace_it,
];

const CONTENDERS: usize = 50;

fn is_lost(status: u16) -> bool {
    status == 412 || status == 409
}

async fn of_fifty_creations_at_once_one_wins(stage: Stage) {
    let puts = (0..CONTENDERS).map(|n| {
        let put = stage.s3.put_object().bucket(&stage.bucket).key("k").if_none_match("*");
        tokio::spawn(put.body(ByteStream::from(format!("number {n}").into_bytes())).send())
    });
    let mut winners = Vec::new();
    for (n, put) in join_all(puts).await.into_iter().enumerate() {
        match put.unwrap() {
            Ok(_) => winners.push(n),
            Err(refused) => assert!(is_lost(status(&refused)), "{refused:?}"),
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(stage.text("k").await, format!("number {}", winners[0]));
}

async fn of_fifty_replacements_of_one_version_one_wins(stage: Stage) {
    let etag = stage.put("k", "contested").await;
    let puts = (0..CONTENDERS).map(|n| {
        let put = stage.s3.put_object().bucket(&stage.bucket).key("k").if_match(&etag);
        tokio::spawn(put.body(ByteStream::from(format!("number {n}").into_bytes())).send())
    });
    let mut winners = Vec::new();
    for (n, put) in join_all(puts).await.into_iter().enumerate() {
        match put.unwrap() {
            Ok(_) => winners.push(n),
            Err(refused) => assert!(is_lost(status(&refused)), "{refused:?}"),
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(stage.text("k").await, format!("number {}", winners[0]));
}

async fn of_a_deletion_and_a_replacement_of_one_version_one_wins(stage: Stage) {
    for round in 0..20 {
        let key = format!("k{round}");
        let etag = stage.put(&key, "contested").await;
        let delete = stage.s3.delete_object().bucket(&stage.bucket).key(&key).if_match(&etag).send();
        let put = stage.s3.put_object().bucket(&stage.bucket).key(&key).if_match(&etag);
        let put = put.body(ByteStream::from_static(b"replaced")).send();
        let (deleted, replaced) = tokio::join!(tokio::spawn(delete), tokio::spawn(put));
        match (deleted.unwrap(), replaced.unwrap()) {
            // A replacement of what has been deleted finds nothing to replace: 404.
            (Ok(_), Err(refused)) => {
                assert!(is_lost(status(&refused)) || status(&refused) == 404, "{refused:?}");
                assert!(!stage.has(&key).await);
            }
            (Err(refused), Ok(_)) => {
                assert!(is_lost(status(&refused)), "{refused:?}");
                assert_eq!(stage.text(&key).await, "replaced");
            }
            both => panic!("not exactly one of them: {both:?}"),
        }
    }
}

/// User guide, "Amazon S3 data consistency model": a read never gives partial or corrupt data.
async fn readers_see_one_whole_version_while_writers_replace_it(stage: Stage) {
    const BYTES: usize = 300_000;
    stage.put("k", vec![0; BYTES]).await;
    let writers = (1..=6_u8).map(|n| {
        let stage = stage.clone();
        tokio::spawn(async move { stage.put("k", vec![n; BYTES]).await })
    });
    let readers = (0..12).map(|_| {
        let stage = stage.clone();
        tokio::spawn(async move { stage.bytes("k").await })
    });
    let (writers, readers): (Vec<_>, Vec<_>) = (writers.collect(), readers.collect());
    for read in join_all(readers).await {
        let read = read.unwrap();
        assert_eq!(read.len(), BYTES);
        assert!(read.iter().all(|byte| *byte == read[0]), "two versions in one answer");
    }
    join_all(writers).await.into_iter().for_each(|written| assert!(!written.unwrap().is_empty()));
}
