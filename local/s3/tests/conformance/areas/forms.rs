//! Uploads by an HTML form: POST of `multipart/form-data` under a signed policy.
//!
//! API reference, "POST Object" and "Browser-based uploads using POST".

use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::report::cases;
use crate::stage::Stage;
use crate::wire::Answer;

cases![
    a_form_puts_an_object,
    a_form_may_ask_for_an_answer,
    a_form_may_name_the_object_after_the_file,
    a_form_with_an_expired_policy_is_refused,
    a_form_with_a_field_that_the_policy_does_not_know_is_refused,
    a_form_outside_of_the_policys_prefix_is_refused,
    a_form_is_held_to_the_length_in_its_policy,
    a_form_signed_with_a_wrong_secret_is_refused,
];

const BOUNDARY: &str = "----the-boundary-of-a-form";

/// A form as a browser would send it.
struct Form {
    expires_in_s: i64,
    conditions: Vec<Value>,
    fields: Vec<(&'static str, &'static str)>,
    file: Vec<u8>,
    secret_suffix: &'static str,
}

impl Default for Form {
    fn default() -> Self {
        Self {
            expires_in_s: 60,
            conditions: vec![json!(["starts-with", "$key", "uploads/"])],
            fields: vec![("key", "uploads/ünï b+c.png")],
            file: b"a picture".to_vec(),
            secret_suffix: "",
        }
    }
}

impl Form {
    async fn send(self, stage: &Stage) -> Answer {
        let mut signer = stage.signer();
        signer.secret_access_key.push_str(self.secret_suffix);
        let credential = format!("{}/{}", signer.access_key_id, signer.scope());
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let expiration = DateTime::from_secs(i64::try_from(now.as_secs()).unwrap() + self.expires_in_s);
        let mut conditions = self.conditions;
        conditions.push(json!({"bucket": stage.bucket}));
        conditions.push(json!({"x-amz-algorithm": "AWS4-HMAC-SHA256"}));
        conditions.push(json!({"x-amz-credential": credential}));
        conditions.push(json!({"x-amz-date": signer.timestamp()}));
        let expires = expiration.fmt(DateTimeFormat::DateTime).unwrap();
        let policy = BASE64.encode(json!({"expiration": expires, "conditions": conditions}).to_string());
        let signature_fields = [
            ("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned()),
            ("x-amz-credential", credential),
            ("x-amz-date", signer.timestamp()),
            ("x-amz-signature", signer.signature(&policy)),
            ("policy", policy),
        ];
        let fields =
            self.fields.iter().map(|(name, value)| (*name, (*value).to_owned())).chain(signature_fields);
        let mut body = Vec::new();
        for (name, value) in fields {
            let part =
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend(part.bytes());
        }
        body.extend(format!("--{BOUNDARY}\r\n").bytes());
        body.extend(b"Content-Disposition: form-data; name=\"file\"; filename=\"holiday.png\"\r\n");
        body.extend(b"Content-Type: image/png\r\n\r\n");
        body.extend(self.file);
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
        let form_data = format!("multipart/form-data; boundary={BOUNDARY}");
        stage.request("POST", "").header("content-type", &form_data).body(body).send().await
    }
}

async fn a_form_puts_an_object(stage: Stage) {
    let conditions = vec![
        json!(["starts-with", "$key", "uploads/"]),
        json!({"Content-Type": "image/webp"}),
        json!(["starts-with", "$x-amz-meta-album", ""]),
    ];
    let fields =
        vec![("key", "uploads/ünï b+c.png"), ("Content-Type", "image/webp"), ("x-amz-meta-album", "one")];
    let answer = Form { conditions, fields, ..Form::default() }.send(&stage).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(stage.text("uploads/ünï b+c.png").await, "a picture");
    let head = stage.s3.head_object().bucket(&stage.bucket).key("uploads/ünï b+c.png").send().await.unwrap();
    assert_eq!(head.content_type.as_deref(), Some("image/webp"));
    assert_eq!(head.metadata.unwrap().get("album").map(String::as_str), Some("one"));
    assert_eq!(answer.header("etag"), head.e_tag.unwrap());
}

async fn a_form_may_ask_for_an_answer(stage: Stage) {
    let conditions = vec![json!({"key": "k"}), json!({"success_action_status": "201"})];
    let fields = vec![("key", "k"), ("success_action_status", "201")];
    let answer = Form { conditions, fields, ..Form::default() }.send(&stage).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.element("Bucket").as_ref(), Some(&stage.bucket));
    assert_eq!(answer.element("Key").as_deref(), Some("k"));
}

async fn a_form_may_name_the_object_after_the_file(stage: Stage) {
    let answer = Form { fields: vec![("key", "uploads/${filename}")], ..Form::default() }.send(&stage).await;
    answer.assert_done();
    assert_eq!(stage.keys().await, ["uploads/holiday.png"]);
}

async fn a_form_with_an_expired_policy_is_refused(stage: Stage) {
    Form { expires_in_s: -1, ..Form::default() }.send(&stage).await.assert_refused(403, "AccessDenied");
    assert!(stage.keys().await.is_empty());
}

async fn a_form_with_a_field_that_the_policy_does_not_know_is_refused(stage: Stage) {
    let fields = vec![("key", "uploads/x"), ("x-amz-meta-smuggled", "in")];
    Form { fields, ..Form::default() }.send(&stage).await.assert_refused(403, "AccessDenied");
    assert!(stage.keys().await.is_empty());
}

async fn a_form_outside_of_the_policys_prefix_is_refused(stage: Stage) {
    let form = Form { fields: vec![("key", "elsewhere/x")], ..Form::default() };
    form.send(&stage).await.assert_refused(403, "AccessDenied");
    assert!(stage.keys().await.is_empty());
}

async fn a_form_is_held_to_the_length_in_its_policy(stage: Stage) {
    let form = |bytes: usize| {
        let range = json!(["content-length-range", 2, 9]);
        let conditions = vec![json!(["starts-with", "$key", "uploads/"]), range];
        Form { conditions, file: vec![b'x'; bytes], ..Form::default() }
    };
    form(10).send(&stage).await.assert_refused(400, "EntityTooLarge");
    form(1).send(&stage).await.assert_refused(400, "EntityTooSmall");
    assert!(stage.keys().await.is_empty());
    form(9).send(&stage).await.assert_done();
}

async fn a_form_signed_with_a_wrong_secret_is_refused(stage: Stage) {
    let form = Form { secret_suffix: "!", ..Form::default() };
    form.send(&stage).await.assert_refused(403, "SignatureDoesNotMatch");
    assert!(stage.keys().await.is_empty());
}
