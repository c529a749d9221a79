//! Lambda over HTTP, with requests that AWS's own signer has signed.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use serde_json::json;
use thumbline_local_lambda::Lambda;

use crate::signing::{Answer, Signer};
use crate::stage::{Plan, Stage};

fn invocation(name: &str, headers: &[(&str, &str)], body: &str) -> Request<Bytes> {
    let mut request = Request::post(format!("/2015-03-31/functions/{name}/invocations"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Bytes::from(body.to_owned())).unwrap()
}

async fn ask(stage: &Stage, request: Request<Bytes>) -> Answer {
    Answer::read(stage.lambda.handle(Signer::new("lambda").sign(request)).await).await
}

#[tokio::test]
async fn a_function_can_be_invoked_by_name_and_by_arn() {
    let stage = Plan::new().start().await;
    for name in [
        "obedient",
        "obedient:$LATEST",
        "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aobedient",
        "arn:aws:lambda:us-east-1:000000000000:function:obedient:$LATEST",
    ] {
        let answer = ask(&stage, invocation(name, &[], r#"{"a":1}"#)).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "a": 1 })), "{name}");
        assert_eq!(answer.header("x-amz-executed-version"), "$LATEST");
        assert_eq!(answer.header("x-amz-function-error"), "");
    }
    let answer = ask(&stage, invocation("obedient", &[], "")).await;
    assert_eq!(answer.json(), json!({}), "no payload is an empty object");
}

#[tokio::test]
async fn a_failure_and_the_end_of_the_log_come_back() {
    let stage = Plan::new().start().await;
    let event = json!({ "steps": [{ "print": "thinking" }, { "fail": "no" }] }).to_string();
    let answer = ask(&stage, invocation("obedient", &[("x-amz-log-type", "Tail")], &event)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
    assert_eq!(answer.json()["errorMessage"], "no");
    let log = String::from_utf8(STANDARD.decode(answer.header("x-amz-log-result")).unwrap()).unwrap();
    assert!(log.starts_with("START RequestId: ") && log.contains("\nthinking\n"), "{log}");
}

#[tokio::test]
async fn an_event_is_accepted_for_later_and_a_dry_run_runs_nothing() {
    let mut stage = Plan::new().start().await;
    let dry = invocation("obedient", &[("x-amz-invocation-type", "DryRun")], "{}");
    assert_eq!(ask(&stage, dry).await.status, 204);
    let event = invocation("obedient", &[("x-amz-invocation-type", "Event")], r#"{"later":true}"#);
    let answer = ask(&stage, event).await;
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    let record = stage.record().await;
    assert_eq!(record.payload, r#"{"later":true}"#);
    assert_eq!(record.request_id, answer.header("x-amzn-requestid"));
}

#[tokio::test]
async fn what_cannot_be_invoked_is_refused_as_lambda_refuses_it() {
    let stage = Plan::new().start().await;
    let large = format!("\"{}\"", "x".repeat(6 * 1024 * 1024));
    let later = [("x-amz-invocation-type", "Event")];
    for (request, status, kind) in [
        (invocation("obedient", &[], "not JSON"), 400, "InvalidRequestContentException"),
        (invocation("obedient", &later, "{"), 400, "InvalidRequestContentException"),
        (invocation("nobody", &[], "{}"), 404, "ResourceNotFoundException"),
        (invocation("obedient:7", &[], "{}"), 404, "ResourceNotFoundException"),
        (invocation("obedient", &[], &large), 413, "RequestTooLargeException"),
        (invocation("obedient", &later, &large[..1_500_000]), 413, "RequestTooLargeException"),
        (
            invocation("obedient", &[("x-amz-invocation-type", "Now")], "{}"),
            400,
            "InvalidParameterValueException",
        ),
    ] {
        let answer = ask(&stage, request).await;
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (status, kind), "{answer:?}");
        assert!(answer.json()["Message"].is_string());
    }
}

#[tokio::test]
async fn functions_are_listed_and_described() {
    let stage = Plan::new().with(|function| function.memory_mb = 512).start().await;
    let list = ask(&stage, Request::get("/2015-03-31/functions/").body(Bytes::new()).unwrap()).await;
    assert_eq!(list.json()["Functions"][0]["FunctionName"], "obedient");
    let one = Request::get("/2015-03-31/functions/obedient?Qualifier=%24LATEST").body(Bytes::new()).unwrap();
    assert_eq!(ask(&stage, one).await.json()["Configuration"]["MemorySize"], 512);
    let none = Request::get("/2015-03-31/functions/nobody/configuration").body(Bytes::new()).unwrap();
    assert_eq!(ask(&stage, none).await.status, 404);
}

#[tokio::test]
async fn only_requests_with_the_stacks_signature_are_let_in() {
    let stage = Plan::new().start().await;
    let request = || invocation("obedient", &[], "{}");
    let ask = |request| async { Answer::read(stage.lambda.handle(request).await).await };
    let answer = ask(request()).await;
    assert_eq!(
        (answer.status, answer.header("x-amzn-errortype")),
        (403, "MissingAuthenticationTokenException")
    );

    let long_ago = SystemTime::now() - Duration::from_secs(16 * 60);
    let soon = SystemTime::now() + Duration::from_secs(16 * 60);
    let right = || Signer::new("lambda");
    for (signer, kind) in [
        (Signer { access_key_id: "AKIDSOMEBODY", ..right() }, "UnrecognizedClientException"),
        (Signer { secret_access_key: "guessed", ..right() }, "InvalidSignatureException"),
        (Signer { region: "eu-west-1", ..right() }, "InvalidSignatureException"),
        (Signer { service: "sqs", ..right() }, "InvalidSignatureException"),
        (Signer { time: long_ago, ..right() }, "InvalidSignatureException"),
        (Signer { time: soon, ..right() }, "InvalidSignatureException"),
    ] {
        let answer = ask(signer.sign(request())).await;
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (403, kind));
    }

    let mut changed = right().sign(request());
    *changed.body_mut() = Bytes::from_static(b"[]");
    assert_eq!(ask(changed).await.status, 403, "the body is signed");
    let mut changed = right().sign(request());
    *changed.uri_mut() = "/2015-03-31/functions/other/invocations".parse().unwrap();
    assert_eq!(ask(changed).await.status, 403, "the path is signed");
    assert!(stage.lambda.running().is_empty(), "nothing has run");
}

#[test]
fn a_bucket_with_lambdas_path_as_its_name_is_left_to_s3() {
    let path = "/2015-03-31/functions/obedient/invocations";
    let request = Request::post(path).body(()).unwrap();
    assert!(Lambda::claims(&request));
    let authorization = "AWS4-HMAC-SHA256 Credential=thumbline/20260131/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
    let request = Request::post(path).header("authorization", authorization).body(()).unwrap();
    assert!(!Lambda::claims(&request));
    assert!(!Lambda::claims(&Request::get("/2015-03-31/functionsandmore").body(()).unwrap()));
}
