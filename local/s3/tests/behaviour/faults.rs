//! Faults strike as told, and the log tells what was asked.

use std::time::{Duration, Instant};

use thumbline_local_s3::{Effect, Fault, KeyPattern};

use crate::server::{BUCKET, Server, code, status};

fn fault(operation: &str, key: KeyPattern, times: Option<u64>, effect: Effect) -> Fault {
    Fault { operation: Some(operation.into()), bucket: Some(BUCKET.into()), key, times, effect }
}

#[tokio::test]
async fn a_fault_fails_the_requests_that_it_names_and_no_others() {
    let server = Server::start().await;
    server.put("k", "old").await;
    let faults = server.s3.faults();
    let put =
        |key: &str| server.client.put_object().bucket(BUCKET).key(key).body(vec![1; 100_000].into()).send();
    let id = faults.inject(fault("PutObject", KeyPattern::Prefix("k".into()), Some(2), Effect::SlowDown));
    for _ in 0..2 {
        let error = put("k").await.unwrap_err();
        assert_eq!((status(&error), code(&error)), (503, "SlowDown".to_owned()));
    }
    assert!(put("other").await.is_ok());
    assert_eq!(server.get("k").await.unwrap(), b"old");
    assert_eq!(faults.hits(id), Some(2));
    assert!(put("k").await.is_ok());

    for (effect, expected) in [
        (Effect::InternalError, (500, "InternalError")),
        (Effect::Conflict, (409, "ConditionalRequestConflict")),
        (Effect::AccessDenied, (403, "AccessDenied")),
    ] {
        let id = faults.inject(fault("PutObject", KeyPattern::Any, None, effect));
        let error = put("k").await.unwrap_err();
        assert_eq!((status(&error), code(&error).as_str()), expected);
        faults.lift(id);
    }
    assert!(put("k").await.is_ok());
}

#[tokio::test]
async fn a_dropped_connection_gets_no_answer() {
    let server = Server::start().await;
    server.put("k", "old").await;
    server.s3.faults().inject(fault(
        "DeleteObject",
        KeyPattern::Exactly("k".into()),
        Some(1),
        Effect::DropConnection,
    ));
    let error = server.client.delete_object().bucket(BUCKET).key("k").send().await.unwrap_err();
    assert_eq!(status(&error), 0);
    assert_eq!(server.get("k").await.unwrap(), b"old");
    let dropped =
        server.s3.requests().recent().into_iter().find(|request| request.operation == "DeleteObject");
    assert_eq!(dropped.unwrap().status, 0);
}

#[tokio::test]
async fn a_delay_holds_a_request_and_lets_it_go() {
    let server = Server::start().await;
    let delay = Duration::from_millis(150);
    server.s3.faults().inject(fault("GetObject", KeyPattern::Any, None, Effect::Delay(delay)));
    server.put("k", "1").await;
    let start = Instant::now();
    assert_eq!(server.get("k").await.unwrap(), b"1");
    assert!(start.elapsed() >= delay);
}

#[tokio::test]
async fn the_log_tells_every_request_in_order() {
    let server = Server::start().await;
    let mut live = server.s3.requests().subscribe();
    server.put("a b", vec![1; 10]).await;
    server.get("a b").await;
    server.get("absent").await;
    server.client.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    let log = server.s3.requests();
    assert_eq!(log.count("PutObject"), 1);
    assert_eq!(log.count("GetObject"), 2);
    assert_eq!(log.count("DeleteObject"), 0);
    let expected = [
        ("PutObject", Some("a b"), 200, 10, 0),
        ("GetObject", Some("a b"), 200, 0, 10),
        ("GetObject", Some("absent"), 404, 0, 0),
        ("ListObjectsV2", None, 200, 0, 0),
    ];
    for (operation, key, status, received, sent) in expected {
        let request = live.try_recv().unwrap();
        assert_eq!(
            (request.operation.as_str(), request.key.as_deref(), request.status),
            (operation, key, status)
        );
        assert_eq!(request.bucket.as_deref(), Some(BUCKET));
        assert_eq!(request.received_bytes, received);
        if operation == "GetObject" && status == 200 {
            assert_eq!(request.sent_bytes, sent);
        }
    }
    assert!(live.try_recv().is_err());
    assert_eq!(log.recent().len(), 4);
}
