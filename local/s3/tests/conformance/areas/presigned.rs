//! Presigned requests: a URL that lets whoever holds it do one thing for a while.
//!
//! API reference, "Authenticating requests: using query parameters".

use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;

use crate::report::cases;
use crate::stage::Stage;
use crate::wire::Request;

cases![
    a_presigned_get_needs_nothing_but_its_url,
    a_presigned_put_needs_nothing_but_its_url,
    a_presigned_url_of_a_difficult_key_works,
    a_presigned_head_and_delete_work,
    an_expired_url_is_refused,
    a_url_from_the_future_is_refused,
    a_url_for_more_than_a_week_is_refused,
    a_url_with_anything_changed_is_refused,
    a_url_signed_with_a_wrong_secret_is_refused,
    a_presigned_put_holds_its_sender_to_the_signed_headers,
    a_presigned_get_may_name_the_response_headers,
];

fn for_a_minute() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_mins(1)).unwrap()
}

async fn a_presigned_get_needs_nothing_but_its_url(stage: Stage) {
    stage.put("k", "for everybody with the link").await;
    let url = stage.s3.get_object().bucket(&stage.bucket).key("k").presigned(for_a_minute()).await.unwrap();
    let answer = Request::to_url("GET", url.uri()).send().await;
    assert_eq!(
        (answer.status, answer.body.as_ref()),
        (200, &b"for everybody with the link"[..]),
        "{answer:?}"
    );
}

async fn a_presigned_put_needs_nothing_but_its_url(stage: Stage) {
    let url = stage.s3.put_object().bucket(&stage.bucket).key("k").presigned(for_a_minute()).await.unwrap();
    Request::to_url("PUT", url.uri()).body("from a browser").send().await.assert_done();
    assert_eq!(stage.text("k").await, "from a browser");
}

async fn a_presigned_url_of_a_difficult_key_works(stage: Stage) {
    for key in [
        "a b+c.jpg",
        "ünï/日本 😀.jpg",
        "x//y.jpg",
        "/lead.jpg",
        "100%.png",
        "..%2F.jpg",
        "../../escape",
        "a=b&c?d#e",
    ] {
        let put =
            stage.s3.put_object().bucket(&stage.bucket).key(key).presigned(for_a_minute()).await.unwrap();
        Request::to_url("PUT", put.uri()).body(key).send().await.assert_done();
        assert_eq!(stage.text(key).await, key);
        let get =
            stage.s3.get_object().bucket(&stage.bucket).key(key).presigned(for_a_minute()).await.unwrap();
        let answer = Request::to_url("GET", get.uri()).send().await;
        assert_eq!((answer.status, answer.body.as_ref()), (200, key.as_bytes()), "{key}: {answer:?}");
    }
}

async fn a_presigned_head_and_delete_work(stage: Stage) {
    stage.put("k", "four").await;
    let head = stage.signer().presign(stage.request("HEAD", "k"), 60).send().await;
    assert_eq!((head.status, head.header("content-length")), (200, "4"), "{head:?}");
    let delete = stage.signer().presign(stage.request("DELETE", "k"), 60).send().await;
    assert_eq!(delete.status, 204, "{delete:?}");
    assert!(!stage.has("k").await);
}

async fn an_expired_url_is_refused(stage: Stage) {
    stage.put("k", "x").await;
    let mut signer = stage.signer();
    signer.at -= Duration::from_secs(61);
    signer.presign(stage.request("GET", "k"), 60).send().await.assert_refused(403, "AccessDenied");
    let put = signer.presign(stage.request("PUT", "k"), 60).body("late");
    put.send().await.assert_refused(403, "AccessDenied");
    assert_eq!(stage.text("k").await, "x");
    // An old signature alone is no reason: a URL lives as long as it says.
    signer.presign(stage.request("GET", "k"), 3_600).send().await.assert_done();
}

async fn a_url_from_the_future_is_refused(stage: Stage) {
    stage.put("k", "x").await;
    let mut signer = stage.signer();
    signer.at += Duration::from_mins(20);
    let answer = signer.presign(stage.request("GET", "k"), 60).send().await;
    assert_eq!(answer.status, 403, "{answer:?}");
}

/// `X-Amz-Expires` is at most 604,800 seconds.
async fn a_url_for_more_than_a_week_is_refused(stage: Stage) {
    stage.put("k", "x").await;
    let request = |expires_s| stage.signer().presign(stage.request("GET", "k"), expires_s);
    request(604_801).send().await.assert_refused(400, "AuthorizationQueryParametersError");
    request(604_800).send().await.assert_done();
}

async fn a_url_with_anything_changed_is_refused(stage: Stage) {
    stage.put("mine", "x").await;
    stage.put("yours", "y").await;
    let url = stage.signer().presign(stage.request("GET", "mine"), 60);
    let changed = |from: &str, to: &str| {
        let mut changed = url.clone();
        changed.target = changed.target.replace(from, to);
        assert_ne!(changed.target, url.target);
        changed
    };
    changed("mine", "yours").send().await.assert_refused(403, "SignatureDoesNotMatch");
    changed("X-Amz-Expires=60", "X-Amz-Expires=6000")
        .send()
        .await
        .assert_refused(403, "SignatureDoesNotMatch");
    let more = url.clone().query("response-content-type", "text/html");
    more.send().await.assert_refused(403, "SignatureDoesNotMatch");
    let mut delete = url.clone();
    delete.method = "DELETE";
    delete.send().await.assert_refused(403, "SignatureDoesNotMatch");
    assert_eq!(stage.keys().await, ["mine", "yours"]);
}

async fn a_url_signed_with_a_wrong_secret_is_refused(stage: Stage) {
    let mut signer = stage.signer();
    signer.secret_access_key.push('!');
    let put = signer.presign(stage.request("PUT", "k"), 60).body("x");
    put.send().await.assert_refused(403, "SignatureDoesNotMatch");
    assert!(stage.keys().await.is_empty());
}

async fn a_presigned_put_holds_its_sender_to_the_signed_headers(stage: Stage) {
    let put = stage.s3.put_object().bucket(&stage.bucket).key("k").content_type("image/png");
    let put = put.presigned(for_a_minute()).await.unwrap();
    let send =
        |content_type: &str| Request::to_url("PUT", put.uri()).header("content-type", content_type).body("x");
    send("text/html").send().await.assert_refused(403, "SignatureDoesNotMatch");
    assert!(stage.keys().await.is_empty());
    send("image/png").send().await.assert_done();
    let head = stage.s3.head_object().bucket(&stage.bucket).key("k").send().await.unwrap();
    assert_eq!(head.content_type.as_deref(), Some("image/png"));
}

async fn a_presigned_get_may_name_the_response_headers(stage: Stage) {
    stage.put("k", "x").await;
    let url = stage.s3.get_object().bucket(&stage.bucket).key("k").response_content_type("image/webp");
    let url = url.response_content_disposition("attachment; filename=\"a b.webp\"");
    let answer = Request::to_url("GET", url.presigned(for_a_minute()).await.unwrap().uri()).send().await;
    assert_eq!(answer.header("content-type"), "image/webp", "{answer:?}");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"a b.webp\"");
}
