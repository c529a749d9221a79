//! A REST API from outside: what its function gets, and what comes back.

use serde_json::Value;
use tempfile::TempDir;
use thumbline_local::{Stack, StackOptions, TemplateSource};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::stage::{fixtures, options};

const KEY: &str = "thumbline-local-key";

fn with_api(data: &TempDir) -> StackOptions {
    let mut options = options(data);
    options.template = TemplateSource::File(fixtures().join("api.yaml"));
    options.preferences =
        [("Api".to_owned(), "enabled".to_owned()), ("Unknown".to_owned(), "x".to_owned())].into();
    options
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn message(&self) -> (u16, Value) {
        (self.status, self.json()["message"].clone())
    }
}

/// Sends a request with this line, these headers and this body, as its bytes.
async fn ask(stack: &Stack, line: &str, headers: &[&str], body: &[u8]) -> Answer {
    let api = stack.endpoints().api.as_deref().unwrap();
    let address = api.trim_start_matches("http://").trim_end_matches("/v1");
    send(address, line, headers, body).await
}

async fn send(address: &str, line: &str, headers: &[&str], body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut lines =
        vec![format!("{line} HTTP/1.1"), format!("host: {address}"), "connection: close".to_owned()];
    lines.extend(headers.iter().map(|&header| header.to_owned()));
    if !body.is_empty() {
        lines.push(format!("content-length: {}", body.len()));
    }
    stream.write_all(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, body: answer[end + 4..].to_vec() }
}

#[tokio::test]
async fn the_function_gets_the_event_that_aws_would_make() {
    let data = TempDir::new().unwrap();
    let stack = Stack::start(with_api(&data)).await.unwrap();
    let line = "GET /v1/user/test%2Balias@x/plus/a+b%2F%C3%BC/?email=a%2Bb&plus=a+b&c=1&c=2&empty=";
    let answer =
        ask(&stack, line, &["User-Agent: t", "X-Two: 1", "x-two: 2", "x-forwarded-for: 10.0.0.1"], b"").await;
    assert_eq!(answer.status, 200, "{}", answer.head);
    assert!(answer.head.contains("x-amzn-requestid: "), "{}", answer.head);
    let event = answer.json();
    assert_eq!(event["path"], "/user/test%2Balias@x/plus/a+b%2F%C3%BC/");
    assert_eq!(event["pathParameters"]["proxy"], "user/test%2Balias@x/plus/a+b%2F%C3%BC");
    assert_eq!((&event["resource"], &event["httpMethod"]), (&"/{proxy+}".into(), &"GET".into()));
    let single = serde_json::json!({ "c": "2", "email": "a+b", "empty": "", "plus": "a b" });
    assert_eq!(event["queryStringParameters"], single);
    assert_eq!(event["multiValueQueryStringParameters"]["c"], serde_json::json!(["1", "2"]));
    assert_eq!(event["headers"]["x-two"], "2");
    assert_eq!(event["multiValueHeaders"]["x-two"], serde_json::json!(["1", "2"]));
    assert_eq!(event["headers"]["x-forwarded-for"], "10.0.0.1, 127.0.0.1");
    assert_eq!(event["headers"]["x-forwarded-proto"], "http");
    assert!(event["headers"]["connection"].is_null() && event["body"].is_null());
    let context = &event["requestContext"];
    assert_eq!(context["path"], "/v1/user/test%2Balias@x/plus/a+b%2F%C3%BC/");
    assert_eq!((&context["stage"], &context["resourcePath"]), (&"v1".into(), &"/{proxy+}".into()));
    assert_eq!(context["identity"]["sourceIp"], "127.0.0.1");
    assert!(context["identity"]["apiKey"].is_null() && context["requestTimeEpoch"].is_u64());
    let time = context["requestTime"].as_str().unwrap();
    assert!(time.len() == 26 && time.ends_with(" +0000") && time.as_bytes()[2] == b'/', "{time}");

    let event = ask(&stack, "GET /v1/", &[], b"").await.json();
    assert_eq!((&event["path"], &event["pathParameters"]), (&"/".into(), &Value::Null));
    assert!(event["queryStringParameters"].is_null() && event["multiValueQueryStringParameters"].is_null());
    let event = ask(&stack, "GET /v1///a//b", &[], b"").await.json();
    assert_eq!((&event["path"], &event["requestContext"]["path"]), (&"/a//b".into(), &"/v1///a//b".into()));
}

#[tokio::test]
async fn bodies_are_bytes_where_their_type_is_binary() {
    let data = TempDir::new().unwrap();
    let stack = Stack::start(with_api(&data)).await.unwrap();
    let event = ask(&stack, "POST /v1/a", &["content-type: text/plain"], b"\x00\xff").await.json();
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&"AP8=".into(), &true.into()));
    assert!(event["headers"]["content-length"].is_null());
    assert_eq!(ask(&stack, "GET /v1/a?do=bytes", &[], b"").await.body, b"\x00\xff");
    stack.stop().await;

    let mut options = with_api(&data);
    options.parameters.insert("BinaryType".into(), "image~1*".into());
    let stack = Stack::start(options).await.unwrap();
    let event = ask(&stack, "POST /v1/a", &["content-type: text/plain"], "ü".as_bytes()).await.json();
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&"ü".into(), &false.into()));
    assert_eq!(ask(&stack, "GET /v1/a?do=bytes", &["accept: text/html"], b"").await.body, b"AP8=");
    assert_eq!(ask(&stack, "GET /v1/a?do=bytes", &["accept: image/png"], b"").await.body, b"\x00\xff");
}

#[tokio::test]
async fn what_needs_a_key_is_opened_by_a_key_of_the_stages_plan_alone() {
    let data = TempDir::new().unwrap();
    let stack = Stack::start(with_api(&data)).await.unwrap();
    assert_eq!(stack.endpoints().api_key.as_deref(), Some(KEY));
    for header in [&[][..], &["x-api-key: wrong"], &["x-api-key: in-no-plan"], &["x-api-key:"]] {
        let answer = ask(&stack, "DELETE /v1/keyed/a", header, b"").await;
        assert_eq!(answer.message(), (403, "Forbidden".into()), "{header:?}");
        assert!(answer.head.contains("x-amzn-errortype: ForbiddenException"), "{}", answer.head);
    }
    let event = ask(&stack, "DELETE /v1/keyed/a", &[&format!("x-api-key: {KEY}")], b"").await.json();
    assert_eq!(event["requestContext"]["identity"]["apiKey"], KEY);
    assert_eq!(event["requestContext"]["identity"]["apiKeyId"], "thumbline-Key");
    assert_eq!(ask(&stack, "OPTIONS /v1/keyed/a", &[], b"").await.status, 200, "a preflight has no key");
    // A slash that is encoded is none, so this is another resource, whose function learns of no key.
    let event = ask(&stack, "GET /v1/keyed%2Fa", &[&format!("x-api-key: {KEY}")], b"").await.json();
    assert!(event["requestContext"]["identity"]["apiKey"].is_null());
}

#[tokio::test]
async fn what_leads_nowhere_or_fails_is_answered_as_aws_does() {
    let data = TempDir::new().unwrap();
    let stack = Stack::start(with_api(&data)).await.unwrap();
    for (line, status, message) in [
        ("PUT /v1/a", 403, "Missing Authentication Token"),
        ("GET /v2/a", 403, "Forbidden"),
        ("GET /v1a", 403, "Forbidden"),
        ("GET /v1/a?x={y}", 400, "Bad Request"),
        ("GET /v1/a?do=fail", 502, "Internal server error"),
        ("GET /v1/a?do=nonsense", 502, "Internal server error"),
        ("GET /v1/a?do=large", 502, "Internal server error"),
        ("GET /v1/impatient?do=sleep", 504, "Endpoint request timed out"),
    ] {
        assert_eq!(ask(&stack, line, &[], b"").await.message(), (status, message.into()), "{line}");
    }
    let answer = ask(&stack, "GET /", &[], b"").await;
    assert!(answer.status == 302 && answer.head.contains("location: /v1/"), "{}", answer.head);
}

#[tokio::test]
async fn a_body_above_either_limit_is_refused_after_it_was_read() {
    let data = TempDir::new().unwrap();
    let stack = Stack::start(with_api(&data)).await.unwrap();
    // More than API Gateway takes, and more than Lambda takes once it is Base64.
    for bytes in [10 * 1024 * 1024 + 1, 5_000_000] {
        let answer = ask(&stack, "POST /v1/a", &[], &vec![0; bytes]).await;
        assert_eq!(answer.message(), (413, "Request Too Long".into()), "{bytes}");
    }
}

#[tokio::test]
async fn requests_wait_for_an_environment_when_all_are_busy() {
    let data = TempDir::new().unwrap();
    let mut options = with_api(&data);
    options.concurrency = 1;
    let stack = Stack::start(options).await.unwrap();
    let many = (0..20).map(|number| {
        let stack = &stack;
        async move { ask(stack, &format!("GET /v1/{number}"), &[], b"").await.json()["path"].clone() }
    });
    let mut paths = Vec::new();
    for path in futures::future::join_all(many).await {
        paths.push(path.as_str().unwrap().to_owned());
    }
    assert_eq!(paths, (0..20).map(|number| format!("/{number}")).collect::<Vec<_>>());
    assert_eq!(stack.lambda().running().len(), 1);
}

#[tokio::test]
async fn pages_of_the_apis_origin_may_upload_to_the_bucket() {
    let data = TempDir::new().unwrap();
    let stack = Stack::start(with_api(&data)).await.unwrap();
    let s3 = stack.endpoints().s3.trim_start_matches("http://").to_owned();
    let api = stack.endpoints().api.as_deref().unwrap().trim_end_matches("/v1").to_owned();
    let preflight = async |origin: &str| {
        let origin = format!("origin: {origin}");
        let asked =
            ["access-control-request-method: PUT", "access-control-request-headers: content-type", &origin];
        send(&s3, "OPTIONS /thumbline-input/a.jpg", &asked, b"").await
    };
    for origin in [api.as_str(), "https://example.com"] {
        let answer = preflight(origin).await;
        assert_eq!(answer.status, 200, "{origin}");
        assert!(answer.head.contains(&format!("access-control-allow-origin: {origin}")), "{}", answer.head);
    }
    assert_eq!(preflight("https://example.org").await.status, 403);
    let refused = send(&s3, "PUT /thumbline-input/a.jpg", &[&format!("origin: {api}")], b"x").await;
    assert_eq!(refused.status, 403, "it is not signed");
    assert!(refused.head.contains("access-control-allow-origin"), "the page may read why: {}", refused.head);
}

#[tokio::test]
async fn without_the_api_there_is_no_address_of_it() {
    let data = TempDir::new().unwrap();
    let mut options = with_api(&data);
    options.parameters.insert("Api".into(), "disabled".into());
    let stack = Stack::start(options).await.unwrap();
    assert_eq!((&stack.endpoints().api, &stack.endpoints().api_key), (&None, &None));
}
