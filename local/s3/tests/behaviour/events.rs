//! Every change is announced once, with the change, and nothing else is announced.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use thumbline_local_s3::NotificationRule;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::server::{ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY, Server, status};

fn rule(id: &str, events: &[&str], prefix: Option<&str>, suffix: Option<&str>) -> NotificationRule {
    NotificationRule {
        bucket: BUCKET.into(),
        events: events.iter().map(|&event| event.to_owned()).collect(),
        prefix: prefix.map(str::to_owned),
        suffix: suffix.map(str::to_owned),
        target: format!("target-of-{id}"),
        id: id.into(),
    }
}

fn everything() -> Vec<NotificationRule> {
    vec![rule("all", &["s3:ObjectCreated:*", "s3:ObjectRemoved:*"], None, None)]
}

/// Names and keys of the events so far.
fn told(server: &Server) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let events = server.events.all();
    events
        .iter()
        .map(|(_, event)| &event["Records"][0])
        .map(|event| (text(&event["eventName"]), text(&event["s3"]["object"]["key"])))
        .collect()
}

/// Who waited for the stack to be idle right after an upload could find it idle: the event was not known yet.
#[tokio::test]
async fn an_event_is_announced_before_its_change_is_answered() {
    let server = Server::start_with(everything()).await;
    let release = server.events.hold();
    let mut put = Box::pin(server.put("a.jpg", "1234"));
    let early = tokio::time::timeout(Duration::from_millis(300), &mut put).await;
    assert!(early.is_err(), "answered while its event was still being announced");
    drop(release);
    put.await;
    assert_eq!(told(&server).len(), 1);
}

#[tokio::test]
async fn each_way_to_change_an_object_has_its_event() {
    let server = Server::start_with(everything()).await;
    server.put("a b+c.jpg", "1234").await;
    let copy = server.client.copy_object().bucket(BUCKET).key("ünï/日本 😀.jpg");
    copy.copy_source(format!("{BUCKET}/a%20b%2Bc.jpg")).send().await.unwrap();
    let upload = server.client.create_multipart_upload().bucket(BUCKET).key("m").send().await.unwrap();
    let id = upload.upload_id().unwrap();
    let part = server.client.upload_part().bucket(BUCKET).key("m").upload_id(id).part_number(1);
    let part = part.body(ByteStream::from_static(b"part")).send().await.unwrap();
    let part = aws_sdk_s3::types::CompletedPart::builder()
        .part_number(1)
        .set_e_tag(part.e_tag)
        .set_checksum_crc32(part.checksum_crc32)
        .build();
    let parts = aws_sdk_s3::types::CompletedMultipartUpload::builder().parts(part).build();
    let complete = server.client.complete_multipart_upload().bucket(BUCKET).key("m").upload_id(id);
    complete.multipart_upload(parts).send().await.unwrap();
    server.client.delete_object().bucket(BUCKET).key("m").send().await.unwrap();
    let key = |key: &str| aws_sdk_s3::types::ObjectIdentifier::builder().key(key).build().unwrap();
    let keys = aws_sdk_s3::types::Delete::builder()
        .objects(key("a b+c.jpg"))
        .objects(key("absent"))
        .build()
        .unwrap();
    server.client.delete_objects().bucket(BUCKET).delete(keys).send().await.unwrap();

    let expected = [
        ("ObjectCreated:Put", "a+b%2Bc.jpg"),
        ("ObjectCreated:Copy", "%C3%BCn%C3%AF/%E6%97%A5%E6%9C%AC+%F0%9F%98%80.jpg"),
        ("ObjectCreated:CompleteMultipartUpload", "m"),
        ("ObjectRemoved:Delete", "m"),
        ("ObjectRemoved:Delete", "a+b%2Bc.jpg"),
    ];
    assert_eq!(told(&server), expected.map(|(name, key)| (name.to_owned(), key.to_owned())));
    assert!(server.events.commits() >= 4);
}

#[tokio::test]
async fn an_event_says_what_s3_says() {
    let server = Server::start_with(everything()).await;
    let etag = server.put("k", "1234").await;
    let answer = server.client.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
    let request_id = aws_sdk_s3::operation::RequestId::request_id(&answer).unwrap();
    let events = server.events.all();
    let (target, created) = &events[0];
    assert_eq!(target, "target-of-all");
    let created = &created["Records"][0];
    assert_eq!(created["eventVersion"], "2.1");
    assert_eq!(created["eventSource"], "aws:s3");
    assert_eq!(created["awsRegion"], "us-east-1");
    assert_eq!(created["requestParameters"]["sourceIPAddress"], "127.0.0.1");
    assert_eq!(created["s3"]["s3SchemaVersion"], "1.0");
    assert_eq!(created["s3"]["configurationId"], "all");
    assert_eq!(created["s3"]["bucket"]["name"], BUCKET);
    assert_eq!(created["s3"]["bucket"]["arn"], format!("arn:aws:s3:::{BUCKET}"));
    assert_eq!(created["s3"]["object"]["size"], 4);
    assert_eq!(created["s3"]["object"]["eTag"], etag.trim_matches('"'));
    let time = created["eventTime"].as_str().unwrap();
    assert!(time.len() == 24 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");

    let removed = &events[1].1["Records"][0];
    assert_eq!(removed["responseElements"]["x-amz-request-id"], request_id);
    assert_eq!(removed["s3"]["object"].get("size"), None);
    assert_eq!(removed["s3"]["object"].get("eTag"), None);
    let sequencer = |event: &Value| event["s3"]["object"]["sequencer"].as_str().unwrap().to_owned();
    assert!(sequencer(created) < sequencer(removed));
    assert!(sequencer(created).bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[tokio::test]
async fn rules_decide_who_is_told_of_what() {
    let rules = vec![
        rule("jpegs", &["s3:ObjectCreated:*"], Some("in/"), Some(".jpg")),
        rule("removals", &["s3:ObjectRemoved:Delete"], None, None),
        rule("copies", &["s3:ObjectCreated:Copy"], None, None),
    ];
    let server = Server::start_with(rules).await;
    for key in ["in/a b.jpg", "in/a.png", "out/a.jpg"] {
        server.put(key, "").await;
        server.client.delete_object().bucket(BUCKET).key(key).send().await.unwrap();
    }
    let targets: Vec<_> = server.events.all().into_iter().map(|(target, _)| target).collect();
    assert_eq!(
        targets,
        ["target-of-jpegs", "target-of-removals", "target-of-removals", "target-of-removals"]
    );

    let shown = server.client.get_bucket_notification_configuration().bucket(BUCKET).send().await.unwrap();
    let ids: Vec<_> = shown.lambda_function_configurations().iter().filter_map(|rule| rule.id()).collect();
    assert_eq!(ids, ["jpegs", "removals", "copies"]);
}

#[tokio::test]
async fn what_fails_is_not_announced() {
    let server = Server::start_with(everything()).await;
    server.put("k", "1").await;
    let put = || server.client.put_object().bucket(BUCKET).key("k");
    put().if_none_match("*").send().await.unwrap_err();
    put()
        .content_md5("rL0Y20zC+Fzt72VPzMSk2A==")
        .body(ByteStream::from_static(b"2"))
        .send()
        .await
        .unwrap_err();
    server.client.delete_object().bucket(BUCKET).key("k").if_match("\"x\"").send().await.unwrap_err();
    server.client.delete_object().bucket(BUCKET).key("absent").send().await.unwrap();
    assert_eq!(told(&server).len(), 1);
}

#[tokio::test]
async fn a_change_that_cannot_be_announced_does_not_happen() {
    let server = Server::start_with(everything()).await;
    server.put("k", "old").await;
    server.events.set_broken(true);
    let large = ByteStream::from(vec![1; 200_000]);
    let error = server.client.put_object().bucket(BUCKET).key("k").body(large).send().await.unwrap_err();
    assert_eq!(status(&error), 500);
    let error = server.client.delete_object().bucket(BUCKET).key("k").send().await.unwrap_err();
    assert_eq!(status(&error), 500);
    server.events.set_broken(false);
    assert_eq!(server.get("k").await.unwrap(), b"old");
    assert!(server.files().is_empty());
    server.put("k", "new").await;
    assert_eq!(told(&server).len(), 2);
}

/// A signed form for a key, as a browser sends it.
fn form(key: &str) -> (&'static str, String) {
    let now = aws_sdk_s3::primitives::DateTime::from(std::time::SystemTime::now());
    let now = now.fmt(aws_sdk_s3::primitives::DateTimeFormat::DateTime).unwrap();
    let stamp = format!("{}Z", now.split(['.', 'Z']).next().unwrap().replace(['-', ':'], ""));
    let day = &stamp[..8];
    let credential = format!("{ACCESS_KEY_ID}/{day}/us-east-1/s3/aws4_request");
    let policy = serde_json::json!({"expiration": "2999-01-01T00:00:00Z", "conditions": [
        {"bucket": BUCKET}, ["starts-with", "$key", ""], {"x-amz-date": stamp},
        {"x-amz-credential": credential}, {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
    ]});
    let policy = STANDARD.encode(policy.to_string());
    let hmac = |key: &[u8], text: &str| {
        let mut hmac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        hmac.update(text.as_bytes());
        hmac.finalize().into_bytes().to_vec()
    };
    let secret = format!("AWS4{SECRET_ACCESS_KEY}").into_bytes();
    let signing_key =
        [day, "us-east-1", "s3", "aws4_request"].iter().fold(secret, |key, text| hmac(&key, text));
    let signature =
        hmac(&signing_key, &policy).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let fields = [
        ("key", key),
        ("x-amz-date", &stamp),
        ("x-amz-credential", &credential),
        ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
        ("policy", &policy),
        ("x-amz-signature", &signature),
    ];
    let part =
        |(name, value)| format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let fields = fields.map(part).concat();
    let file = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a b.jpg\"\r\n\r\nbytes\r\n--B--\r\n";
    let body = fields + file;
    ("multipart/form-data; boundary=B", body)
}

#[tokio::test]
async fn a_form_is_announced_as_a_post() {
    let server = Server::start_with(everything()).await;
    let (content_type, body) = form("in/${filename}");
    let head = format!(
        "POST /{BUCKET} HTTP/1.1\r\nhost: {}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
        server.address,
        body.len()
    );
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    connection.write_all((head + &body).as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    connection.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 204");
    assert_eq!(server.get("in/a b.jpg").await.unwrap(), b"bytes");
    assert_eq!(told(&server), [("ObjectCreated:Post".to_owned(), "in/a+b.jpg".to_owned())]);
}
