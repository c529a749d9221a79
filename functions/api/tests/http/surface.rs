//! What every answer has in common: methods, other sites' pages, problems, documents.

use serde_json::value::RawValue;
use serde_json::{Value, json};
use thumbline::Call;

use crate::stage::{ALL, Ask, Stage, sample};

#[tokio::test]
async fn health_is_answered_whoever_asks_and_s3_is_not() {
    let stage = Stage::start().await;
    for by in ALL {
        let answer = stage.ask(Ask::get("/health").by(by)).await;
        assert_eq!((answer.status, &answer.json()["status"]), (200, &"ok".into()));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    assert_eq!(stage.requests(), 0);
}

#[tokio::test]
async fn a_method_that_is_not_for_a_path_is_told_which_are() {
    let stage = Stage::start().await;
    for (method, target, allow) in [
        ("POST", "/thumbnails/a", "GET, HEAD"),
        ("DELETE", "/manifests/a", "GET, HEAD"),
        ("PUT", "/images", "GET, HEAD, POST"),
        ("GET", "/images/a", "DELETE"),
        ("GET", "/failures/redrive", "POST"),
        ("PATCH", "/health", "GET, HEAD"),
        ("TRACE", "/openapi.json", "GET, HEAD"),
        ("QUERY", "/docs", "GET, HEAD"),
    ] {
        let answer = stage.ask(Ask::get(target).method(method)).await;
        assert_eq!((answer.status, answer.header("allow")), (405, allow), "{method} {target}");
    }
    assert_eq!(stage.get("/nowhere").await.status, 404);
    assert_eq!(stage.requests(), 0);
}

#[tokio::test]
async fn pages_of_the_sites_that_are_named_may_use_it() {
    let site = "https://example.com";
    let named = Stage::with(&[("THUMBLINE_API_ORIGINS", "https://example.com,http://localhost:3000")]).await;
    named.put("a.jpg", sample("photo.jpg")).await;
    let target = "/thumbnails/a.jpg?w=160";
    let preflight = |target: &str, origin: &str| {
        Ask::get(target)
            .method("OPTIONS")
            .header("origin", origin)
            .header("access-control-request-method", "GET")
    };
    for (target, methods) in [
        (target, "GET, HEAD, OPTIONS"),
        ("/images", "GET, HEAD, POST, OPTIONS"),
        ("/images/a", "DELETE, OPTIONS"),
        ("/failures/redrive", "POST, OPTIONS"),
    ] {
        let answer = named.ask(preflight(target, site)).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, site), "{target}");
        assert_eq!(answer.header("access-control-allow-methods"), methods);
        assert!(answer.header("access-control-allow-headers").contains("x-api-key"));
    }
    let answer = named.ask(Ask::get(target).header("origin", site)).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, site));
    assert_eq!(answer.header("vary"), "accept, origin");
    assert!(answer.header("access-control-expose-headers").contains("etag"));
    let refused = named.ask(Ask::get("/nowhere").header("origin", site)).await;
    assert_eq!(refused.header("access-control-allow-origin"), site, "a page may read what is wrong, too");
    for stranger in ["https://example.com.evil.test", "http://example.com", "null"] {
        let answer = named.ask(preflight(target, stranger)).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{stranger}");
        assert_eq!(answer.header("vary"), "origin");
    }
    let none = Stage::start().await;
    assert_eq!(none.ask(preflight(target, site)).await.header("access-control-allow-origin"), "");
    let any = Stage::with(&[("THUMBLINE_API_ORIGINS", "*")]).await;
    assert_eq!(any.ask(preflight(target, site)).await.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn a_wrong_parameter_is_a_problem_that_names_it_and_costs_s3_nothing() {
    let stage = Stage::start().await;
    for (query, parameter) in [
        ("w=0", Some("w")),
        ("w=1&fit=round", Some("fit")),
        ("preset=none", Some("preset")),
        ("w=160&format=svg", Some("format")),
        ("width=160", None),
        ("w=160&w=320", None),
    ] {
        for by in ALL {
            let answer = stage.ask(Ask::get(&format!("/thumbnails/a.jpg?{query}")).by(by)).await;
            let problem = answer.json();
            assert_eq!((answer.status, answer.header("content-type")), (400, "application/problem+json"));
            assert_eq!(problem.get("parameter").and_then(Value::as_str), parameter, "{problem}");
            assert_eq!(problem["status"], 400);
            assert!(problem["instance"].as_str().unwrap().ends_with(":test"));
        }
    }
    assert_eq!(stage.requests(), 0);
}

#[tokio::test]
async fn an_event_that_is_no_request_is_answered_and_not_a_failure() {
    let stage = Stage::start().await;
    let rest: Value = serde_json::from_str(include_str!("events/rest.json")).unwrap();
    let changed = |field: &str, value: Value| {
        let mut event = rest.clone();
        event[field] = value;
        event
    };
    let mut events = vec![json!({}), json!([]), json!(null), json!({ "Records": [] })];
    events.push(changed("httpMethod", json!("G E T")));
    events.push(changed("httpMethod", json!("")));
    let mut not_base64 = changed("body", json!("not Base64!"));
    not_base64["isBase64Encoded"] = true.into();
    events.push(not_base64);
    let mut not_utf8 = changed("path", json!("/thumbnails/%FF"));
    not_utf8["pathParameters"]["proxy"] = "thumbnails/%FF".into();
    not_utf8["requestContext"]["path"] = "/v1/thumbnails/%FF".into();
    events.push(not_utf8);
    for event in events {
        let call = Call { request_id: "r".to_owned(), deadline: std::time::Instant::now() };
        let raw = RawValue::from_string(event.to_string()).unwrap();
        let answer = thumbline_api::handle(&stage.api, &raw, &call).await;
        assert_eq!(answer["statusCode"], 400, "{event}");
    }
    // Headers that HTTP does not have are left out, and the request is answered.
    let headers = json!({ "accept": ["a\u{0}b"], "bad name": ["x"], "ünï": ["x"], "x": [""] });
    let raw = RawValue::from_string(changed("multiValueHeaders", headers).to_string()).unwrap();
    let call = Call { request_id: "r".to_owned(), deadline: std::time::Instant::now() };
    assert_eq!(thumbline_api::handle(&stage.api, &raw, &call).await["statusCode"], 200);
}

#[tokio::test]
async fn time_that_has_run_out_is_503() {
    let stage = Stage::start().await;
    stage.put("a.jpg", sample("photo.jpg")).await;
    let mut event: Value = serde_json::from_str(include_str!("events/function-url.json")).unwrap();
    event["rawPath"] = "/thumbnails/a.jpg".into();
    event["rawQueryString"] = "preset=small".into();
    let raw = RawValue::from_string(event.to_string()).unwrap();
    let call = Call { request_id: "r".to_owned(), deadline: std::time::Instant::now() };
    let answer = thumbline_api::handle(&stage.api, &raw, &call).await;
    assert_eq!((&answer["statusCode"], &answer["headers"]["retry-after"]), (&json!(503), &json!("2")));
}

#[tokio::test]
async fn documents_are_there_and_the_page_where_it_is_switched_on() {
    let stage = Stage::start().await;
    let document = stage.get("/openapi.json").await;
    assert_eq!(document.header("content-type"), "application/json");
    let url = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/v1";
    assert_eq!(document.json()["servers"][0]["url"], url);
    let docs = stage.get("/docs").await;
    assert_eq!((docs.status, docs.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(docs.header("content-security-policy").contains("default-src 'none'"));
    let switched_on = Stage::with(&[("THUMBLINE_API_PAGE", "on")]).await;
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"),
    ] {
        assert_eq!(stage.get(path).await.status, 404, "{path}");
        let answer = switched_on.get(path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, content_type), "{path}");
    }
}

#[tokio::test]
async fn without_a_failure_queue_there_are_no_failures_to_show() {
    let stage = Stage::start().await;
    assert_eq!(stage.ask(Ask::get("/failures").with_key()).await.status, 404);
    assert_eq!(stage.ask(Ask::get("/failures/redrive").method("POST").with_key()).await.status, 404);
}
