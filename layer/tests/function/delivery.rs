//! Uploads, overwrites and removals through the trigger; the same event many times; events in any order.

use serde_json::{Value, json};
use thumbline::manifest::Status;

use crate::stack::{TestStack, sample};

fn event(stack: &TestStack, name: &str, key: &str) -> Value {
    let bucket = &stack.stack.endpoints().input_bucket;
    json!({ "Records": [{
        "eventSource": "aws:s3", "eventName": name,
        "s3": { "bucket": { "name": bucket }, "object": { "key": key } },
    }]})
}

#[tokio::test]
async fn an_upload_an_overwrite_a_corrupt_overwrite_and_a_removal() {
    let stack = TestStack::start().await;
    let key = "album/a b+c 日本.jpg";
    stack.upload(key, sample("orientation-6.jpg")).await;
    stack.stack.idle().await;
    let first = stack.manifest(key).await;
    let names = ["large.webp", "manifest.json", "medium.webp", "small.webp"];
    assert_eq!(stack.outputs().await, names.map(|name| format!("{key}/{name}")));
    assert_eq!(first.status, Status::Ready);

    stack.upload(key, sample("alpha.png")).await;
    stack.stack.idle().await;
    let second = stack.manifest(key).await;
    assert_eq!(second.source.format.as_deref(), Some("png"));
    assert!(first.thumbnails.iter().zip(&second.thumbnails).all(|(old, new)| old.etag != new.etag));

    stack.upload(key, sample("truncated.jpg")).await;
    stack.stack.idle().await;
    assert_eq!(stack.outputs().await, [format!("{key}/manifest.json")]);
    let rejected = stack.manifest(key).await;
    assert_eq!((rejected.status, rejected.rejection.unwrap().code.as_str()), (Status::Rejected, "truncated"));

    stack.remove(key).await;
    stack.stack.idle().await;
    assert!(stack.outputs().await.is_empty());
    stack.stack.stop().await;
}

#[tokio::test]
async fn the_same_event_a_hundred_times_is_one_decode_and_one_set_of_puts() {
    let stack = TestStack::with(|options| options.concurrency = 1).await;
    stack.upload("photo.jpg", sample("photo.jpg")).await;
    stack.stack.idle().await;
    let puts_before = stack.stack.s3().requests().count("PutObject");
    assert_eq!(puts_before, 1 + 3 + 1, "the upload, three presets and one manifest");

    let name = stack.function_name();
    let again = event(&stack, "ObjectCreated:Put", "photo.jpg").to_string();
    for _ in 0..99 {
        stack.stack.lambda().enqueue(&name, &again).await.unwrap();
    }
    stack.stack.idle().await;
    assert_eq!(stack.stack.s3().requests().count("PutObject"), puts_before);
    let source_bytes = sample("photo.jpg").len() as u64;
    let reads = stack.stack.s3().requests().recent();
    let reads = reads.iter().filter(|r| r.operation == "GetObject" && r.key.as_deref() == Some("photo.jpg"));
    let read_in_full = reads.filter(|read| read.sent_bytes >= source_bytes).count();
    assert_eq!(read_in_full, 1, "the source's bytes moved once, and were decoded once");
    stack.stack.stop().await;
}

#[tokio::test]
async fn events_in_any_order_and_number_end_in_the_newest_state() {
    let names = ["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload", "ObjectRemoved:Delete"];
    // What the source is at the end, and events about all that happened before, in every order, some of them twice.
    for newest in [Some("alpha.png"), None] {
        let stack = TestStack::with(|options| options.concurrency = 2).await;
        stack.upload("key", sample("orientation-3.jpg")).await;
        match newest {
            Some(file) => stack.upload("key", sample(file)).await,
            None => stack.remove("key").await,
        }
        let function = stack.function_name();
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            for name in order.map(|index| names[index]) {
                stack
                    .stack
                    .lambda()
                    .enqueue(&function, &event(&stack, name, "key").to_string())
                    .await
                    .unwrap();
            }
        }
        stack.stack.idle().await;
        match newest {
            Some(_) => {
                let manifest = stack.manifest("key").await;
                assert_eq!(manifest.source.format.as_deref(), Some("png"));
                assert_eq!(stack.outputs().await.len(), 4);
            }
            None => assert!(stack.outputs().await.is_empty()),
        }
        stack.stack.stop().await;
    }
}

#[tokio::test]
async fn thumbnails_carry_what_caches_and_auditors_need_and_nothing_of_the_camera() {
    let stack = TestStack::start().await;
    stack.upload("photo.jpg", sample("orientation-6.jpg")).await;
    stack.stack.idle().await;
    let manifest = stack.manifest("photo.jpg").await;
    let bucket = &stack.stack.endpoints().output_bucket;
    for thumbnail in &manifest.thumbnails {
        let head = stack.s3.head_object().bucket(bucket).key(&thumbnail.key).send().await.unwrap();
        assert_eq!(head.content_type(), Some("image/webp"));
        assert_eq!(head.cache_control(), Some("public, max-age=86400"));
        let metadata = head.metadata().unwrap();
        assert_eq!(metadata["source-etag"], manifest.source.etag.as_str());
        assert_eq!(metadata["recipe"], manifest.recipe.as_str());
        let bytes = stack.output(&thumbnail.key).await;
        assert_eq!(bytes.len() as u64, thumbnail.bytes);
        assert!(!bytes.windows(4).any(|w| w == b"EXIF" || w == b"Exif"));
    }
    stack.stack.stop().await;
}
