//! Pictures that come and go through the API.

use serde_json::{Value, json};

use crate::stage::{ALL, Ask, By, INPUT, Stage, sample};

fn announce(body: &Value) -> Ask {
    Ask::get("/images").method("POST").with_key().body("application/json", body.to_string())
}

async fn put(upload: &Value, content_type: Option<&str>, body: Vec<u8>) -> u16 {
    use aws_smithy_http_client::Connector;
    let request = aws_smithy_http::put(upload["url"].as_str().unwrap(), content_type, body);
    aws_smithy_http::send(&Connector::builder().build_http(), request).await
}

/// A client that has nothing but a URL.
mod aws_smithy_http {
    use aws_smithy_http_client::Connector;
    use aws_smithy_runtime_api::client::http::HttpConnector;
    use aws_smithy_runtime_api::http::Request;
    use aws_smithy_types::body::SdkBody;

    pub fn put(url: &str, content_type: Option<&str>, body: Vec<u8>) -> Request {
        let mut request = http::Request::put(url).header("content-length", body.len());
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        Request::try_from(request.body(SdkBody::from(body)).unwrap()).unwrap()
    }

    pub async fn send(connector: &Connector, request: Request) -> u16 {
        connector.call(request).await.unwrap().status().as_u16()
    }
}

#[tokio::test]
async fn an_announced_picture_is_put_where_the_answer_says_and_nothing_else_is() {
    let stage = Stage::start().await;
    let body = sample("dot.png");
    for key in ["up/a b+ü.png", "../x.png"] {
        let answer = stage
            .ask(announce(&json!({ "key": key, "content_type": "image/png", "bytes": body.len() })))
            .await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let created = answer.json();
        assert_eq!((&created["key"], &created["upload"]["method"]), (&key.into(), &"PUT".into()));
        assert_eq!(created["upload"]["headers"], json!({ "content-type": "image/png" }));
        assert_eq!(answer.header("location"), created["manifest"].as_str().unwrap());
        let upload = &created["upload"];
        let mut longer = body.clone();
        longer.push(0);
        assert_eq!(put(upload, Some("image/png"), longer).await, 403, "longer");
        assert_eq!(put(upload, Some("image/png"), body[1..].to_vec()).await, 403, "shorter");
        assert_eq!(put(upload, Some("text/html"), body.clone()).await, 403, "of another type");
        assert_eq!(put(upload, None, body.clone()).await, 403, "without a type");
        assert_eq!(stage.get("/manifests/up%2Fa%20b%2B%C3%BC.png").await.status, 404, "nothing has come");
        assert_eq!(put(upload, Some("image/png"), body.clone()).await, 200);
        let path = thumbline::signing::encoded_path(&format!("/thumbnails/{key}"));
        assert_eq!(stage.get(&format!("{path}?preset=small")).await.status, 200);
        stage.remove(key).await;
    }
}

#[tokio::test]
async fn an_announcement_that_is_wrong_is_told_what_is() {
    let stage =
        Stage::with(&[("THUMBLINE_API_UPLOAD_PREFIX", "in/"), ("THUMBLINE_MAX_SOURCE_BYTES", "1000")]).await;
    let good = json!({ "key": "in/a.png", "content_type": "image/png", "bytes": 1000 });
    assert_eq!(stage.ask(announce(&good)).await.status, 201);
    for (field, value, status, parameter) in [
        ("key", json!("a.png"), 403, "key"),
        ("key", json!("in/"), 400, "key"),
        ("key", json!("in/a "), 400, "key"),
        ("key", json!("in/\u{3000}"), 400, "key"),
        ("key", json!(""), 400, "key"),
        ("key", json!(format!("in/{}", "k".repeat(1022))), 400, "key"),
        ("content_type", json!("image/svg+xml"), 415, "content_type"),
        ("content_type", json!("text/html"), 415, "content_type"),
        ("bytes", json!(0), 400, "bytes"),
        ("bytes", json!(1001), 413, "bytes"),
    ] {
        let mut wrong = good.clone();
        wrong[field] = value;
        let answer = stage.ask(announce(&wrong)).await;
        assert_eq!((answer.status, &answer.json()["parameter"]), (status, &parameter.into()), "{wrong}");
    }
    for wrong in [
        "",
        "{",
        "[]",
        "null",
        r#"{"key":"in/a"}"#,
        r#"{"key":"in/a","content_type":"image/png","bytes":-1}"#,
        r#"{"key":"in/a","content_type":"image/png","bytes":1,"acl":"public-read"}"#,
    ] {
        let answer =
            stage.ask(Ask::get("/images").method("POST").with_key().body("application/json", wrong)).await;
        assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
    }
    let answer = stage.ask(Ask::get("/images").method("POST").with_key().body("text/html", "<p>")).await;
    assert_eq!((answer.status, &answer.json()["parameter"]), (415, &"content-type".into()));
}

#[tokio::test]
async fn a_small_picture_is_taken_itself_and_kept_as_what_it_is() {
    let stage = Stage::start().await;
    let ask = Ask::get("/images?key=up%2Fa.jpg")
        .method("POST")
        .with_key()
        .body("image/jpeg", sample("really-a-png.jpg"));
    let answer = stage.ask(ask).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.json()["key"], "up/a.jpg");
    let stored = stage.client.get_object().bucket(INPUT).key("up/a.jpg").send().await.unwrap();
    assert_eq!(stored.content_type(), Some("image/png"), "what the bytes are");
    assert_eq!(stored.e_tag().unwrap().trim_matches('"'), answer.json()["etag"].as_str().unwrap());
}

#[tokio::test]
async fn a_body_that_is_no_picture_or_too_long_is_refused_with_the_way_to_do_it() {
    let stage = Stage::start().await;
    let post = |body: Vec<u8>| Ask::get("/images?key=a").method("POST").with_key().body("image/png", body);
    for (body, status) in [
        (sample("icon.svg"), 415),
        (b"<!doctype html><script>alert(1)</script>".to_vec(), 415),
        (sample("corrupt.png")[..20].to_vec(), 422),
        (Vec::new(), 422),
    ] {
        assert_eq!(stage.ask(post(body)).await.status, status);
    }
    let mut large = sample("dot.png");
    large.resize(4_500_001, 0);
    let answer = stage.ask(post(large.clone())).await;
    assert_eq!(answer.status, 413);
    assert!(answer.json()["detail"].as_str().unwrap().contains("content_type and bytes"), "{answer:?}");
    large.truncate(4_500_000);
    assert_eq!(stage.ask(post(large)).await.status, 201, "just as long as may be");
}

#[tokio::test]
async fn a_picture_without_a_key_is_known_by_its_bytes() {
    let stage = Stage::with(&[("THUMBLINE_API_UPLOAD_PREFIX", "in/")]).await;
    let post = |file: &str| Ask::get("/images").method("POST").with_key().body("image/png", sample(file));
    let (dot, again, alpha) = (
        stage.ask(post("dot.png")).await,
        stage.ask(post("dot.png")).await,
        stage.ask(post("alpha.png")).await,
    );
    assert_eq!((dot.status, dot.json()["key"].clone()), (201, again.json()["key"].clone()));
    assert_ne!(dot.json()["key"], alpha.json()["key"]);
    let key = dot.json()["key"].as_str().unwrap().to_owned();
    let digits = key.strip_prefix("in/").and_then(|key| key.strip_suffix(".png")).unwrap();
    assert!(digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    assert_eq!(stage.get(&format!("/manifests/{key}")).await.json()["status"], "waiting");
}

#[tokio::test]
async fn a_picture_is_removed_and_what_is_not_there_too() {
    let stage = Stage::start().await;
    stage.put("a b.jpg", sample("dot.png")).await;
    for _ in 0..2 {
        let answer = stage.ask(Ask::get("/images/a%20b.jpg").method("DELETE").with_key()).await;
        assert_eq!((answer.status, answer.body.len()), (204, 0));
    }
    assert_eq!(stage.get("/manifests/a%20b.jpg").await.status, 404);
}

#[tokio::test]
async fn writing_takes_a_key_whatever_reading_takes_and_s3_is_not_asked_without() {
    let stage = Stage::with(&[("THUMBLINE_API_KEY_SECRET", "file:{folder}/api-key")]).await;
    for by in ALL {
        for (method, target) in [
            ("POST", "/images"),
            ("DELETE", "/images/a"),
            ("GET", "/images"),
            ("GET", "/failures"),
            ("POST", "/failures/redrive"),
        ] {
            let ask = Ask::get(target).method(method).by(by).header("x-api-key", "wrong");
            let answer = stage.ask(ask).await;
            assert_eq!(
                (answer.status, &answer.json()["parameter"]),
                (403, &"x-api-key".into()),
                "{method} {target}"
            );
        }
    }
    assert_eq!(stage.requests(), 0);
    let answer = stage.ask(Ask::get("/images").by(By::HttpApi).header("x-api-key", "shared secret")).await;
    assert_eq!(answer.status, 200, "an HTTP API checks no keys, so the function does");
}
