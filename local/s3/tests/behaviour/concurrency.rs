//! Many clients at once: conditions are decided one at a time, and readers are not disturbed by writers.

use aws_sdk_s3::primitives::ByteStream;
use futures::future::join_all;

use crate::server::{BUCKET, Server, status};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_clients_that_create_one_key_exactly_one_wins() {
    let server = Server::start().await;
    let attempts = join_all((0..50).map(|client| {
        let put = server.client.put_object().bucket(BUCKET).key("k").if_none_match("*");
        put.body(ByteStream::from(format!("client {client}").into_bytes())).send()
    }))
    .await;
    let winners: Vec<_> = (0..50).filter(|client| attempts[*client].is_ok()).collect();
    assert_eq!(winners.len(), 1);
    assert!(attempts.iter().filter_map(|attempt| attempt.as_ref().err()).all(|error| status(error) == 412));
    assert_eq!(server.get("k").await.unwrap(), format!("client {}", winners[0]).as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_update_under_if_match_is_lost() {
    let server = Server::start().await;
    server.put("counter", "0").await;
    join_all((0..10).map(|_| async {
        loop {
            let found = server.client.get_object().bucket(BUCKET).key("counter").send().await.unwrap();
            let etag = found.e_tag().unwrap().to_owned();
            let count = String::from_utf8(found.body.collect().await.unwrap().to_vec()).unwrap();
            let next = (count.parse::<u32>().unwrap() + 1).to_string();
            let put = server.client.put_object().bucket(BUCKET).key("counter").if_match(etag);
            match put.body(ByteStream::from(next.into_bytes())).send().await {
                Ok(_) => break,
                Err(error) => assert_eq!(status(&error), 412),
            }
        }
    }))
    .await;
    assert_eq!(server.get("counter").await.unwrap(), b"10");
}

#[tokio::test]
async fn conditions_on_what_is_absent_are_answered_404() {
    let server = Server::start().await;
    let error =
        server.client.put_object().bucket(BUCKET).key("k").if_match("\"x\"").send().await.unwrap_err();
    assert_eq!(status(&error), 404);
    let error =
        server.client.delete_object().bucket(BUCKET).key("k").if_match("\"x\"").send().await.unwrap_err();
    assert_eq!(status(&error), 404);
    server.client.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
}

#[tokio::test]
async fn a_removal_under_if_match_removes_only_what_it_names() {
    let server = Server::start().await;
    let first = server.put("k", "first").await;
    let second = server.put("k", "second").await;
    let error =
        server.client.delete_object().bucket(BUCKET).key("k").if_match(first).send().await.unwrap_err();
    assert_eq!(status(&error), 412);
    assert_eq!(server.get("k").await.unwrap(), b"second");
    server.client.delete_object().bucket(BUCKET).key("k").if_match(second).send().await.unwrap();
    assert_eq!(server.get("k").await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_gets_the_object_that_it_opened_to_the_last_byte() {
    let server = Server::start().await;
    // More than the sockets between here and there can hold.
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(30_000_000).collect();
    server.put("k", bytes.clone()).await;
    let reader = server.client.get_object().bucket(BUCKET).key("k").send().await.unwrap();
    server.put("k", "new").await;
    server.client.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
    assert_eq!(server.get("k").await, None);
    assert_eq!(server.files().len(), 1, "the file that is being read is still there");
    assert!(reader.body.collect().await.unwrap().to_vec() == bytes);
    server.has_files(0).await;
}

#[tokio::test]
async fn reading_and_removing_clients_leave_no_files_behind() {
    let server = Server::start().await;
    for _ in 0..3 {
        server.put("large", vec![1; 200_000]).await;
        server.put("small", vec![1; 2_000]).await;
    }
    assert_eq!(server.files().len(), 1);
    server.client.delete_object().bucket(BUCKET).key("large").send().await.unwrap();
    server.client.delete_object().bucket(BUCKET).key("small").send().await.unwrap();
    assert_eq!(server.files().len(), 0);
}
