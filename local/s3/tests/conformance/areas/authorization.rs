//! Signature Version 4 in the `Authorization` header: who may do what, and that nobody changed it on the way.
//!
//! API reference, "Authenticating requests" and "Error responses".

use std::time::Duration;

use crate::report::cases;
use crate::stage::Stage;

cases![
    a_signature_with_a_wrong_secret_is_refused,
    an_access_key_that_nobody_has_is_refused,
    a_request_without_a_signature_is_refused,
    a_signature_from_another_hour_is_refused,
    a_signature_for_another_key_is_refused,
    a_signature_for_another_method_is_refused,
    a_header_changed_after_it_was_signed_is_refused,
    an_amz_header_that_is_not_signed_is_refused,
    a_signature_for_another_region_is_refused,
    an_authorization_that_makes_no_sense_is_refused,
];

async fn a_signature_with_a_wrong_secret_is_refused(stage: Stage) {
    stage.put("k", "the older object").await;
    let mut signer = stage.signer();
    signer.secret_access_key.push('!');
    for request in
        [stage.request("PUT", "k").body("x"), stage.request("GET", "k"), stage.request("DELETE", "k")]
    {
        signer.sign(request).send().await.assert_refused(403, "SignatureDoesNotMatch");
    }
    assert_eq!(stage.text("k").await, "the older object");
}

async fn an_access_key_that_nobody_has_is_refused(stage: Stage) {
    let mut signer = stage.signer();
    signer.access_key_id = "AKIANOBODYHASTHISKEY".into();
    signer.sign(stage.request("PUT", "k").body("x")).send().await.assert_refused(403, "InvalidAccessKeyId");
    assert!(stage.keys().await.is_empty());
}

async fn a_request_without_a_signature_is_refused(stage: Stage) {
    stage.put("k", "the older object").await;
    for request in [
        stage.request("GET", "k"),
        stage.request("PUT", "k").body("x"),
        stage.request("DELETE", "k"),
        stage.request("GET", "").query("list-type", "2"),
    ] {
        request.send().await.assert_refused(403, "AccessDenied");
    }
    assert_eq!(stage.text("k").await, "the older object");
}

/// API reference, "Error responses": more than 15 minutes between the request's time and the server's.
async fn a_signature_from_another_hour_is_refused(stage: Stage) {
    stage.put("k", "x").await;
    let now = stage.signer().at;
    for at in [now - Duration::from_mins(20), now + Duration::from_mins(20)] {
        let mut signer = stage.signer();
        signer.at = at;
        signer.sign(stage.request("GET", "k")).send().await.assert_refused(403, "RequestTimeTooSkewed");
    }
    let mut signer = stage.signer();
    signer.at = now - Duration::from_mins(10);
    signer.sign(stage.request("GET", "k")).send().await.assert_done();
}

async fn a_signature_for_another_key_is_refused(stage: Stage) {
    stage.put("mine", "x").await;
    stage.put("yours", "y").await;
    let mut request = stage.signer().sign(stage.request("GET", "mine"));
    request.target = request.target.replace("mine", "yours");
    request.send().await.assert_refused(403, "SignatureDoesNotMatch");
}

async fn a_signature_for_another_method_is_refused(stage: Stage) {
    stage.put("k", "x").await;
    let mut request = stage.signer().sign(stage.request("GET", "k"));
    request.method = "DELETE";
    request.send().await.assert_refused(403, "SignatureDoesNotMatch");
    assert_eq!(stage.text("k").await, "x");
}

async fn a_header_changed_after_it_was_signed_is_refused(stage: Stage) {
    let put = stage.signer().sign(stage.request("PUT", "k").header("x-amz-meta-colour", "red").body("x"));
    put.header("x-amz-meta-colour", "blue").send().await.assert_refused(403, "SignatureDoesNotMatch");
    assert!(stage.keys().await.is_empty());
}

/// API reference, "Create a canonical request": all `x-amz-*` headers must be signed.
async fn an_amz_header_that_is_not_signed_is_refused(stage: Stage) {
    let put = stage.signer().sign(stage.request("PUT", "k").body("x"));
    put.header("x-amz-meta-smuggled", "in").send().await.assert_refused(403, "AccessDenied");
    assert!(stage.keys().await.is_empty());
}

async fn a_signature_for_another_region_is_refused(stage: Stage) {
    let mut signer = stage.signer();
    signer.region = "eu-central-1".into();
    let put = signer.sign(stage.request("PUT", "k").body("x"));
    put.send().await.assert_refused(400, "AuthorizationHeaderMalformed");
    assert!(stage.keys().await.is_empty());
}

async fn an_authorization_that_makes_no_sense_is_refused(stage: Stage) {
    for nonsense in ["AWS4-HMAC-SHA256 Credential=x", "AWS4-HMAC-SHA256 ", "Bearer 0123456789", "\u{7e}"] {
        let put = stage.signer().sign(stage.request("PUT", "k").body("x")).header("authorization", nonsense);
        let answer = put.send().await;
        assert!([400, 403].contains(&answer.status), "{nonsense:?}: {answer:?}");
        assert_ne!(answer.code(), "", "{nonsense:?}: {answer:?}");
    }
    assert!(stage.keys().await.is_empty());
}
