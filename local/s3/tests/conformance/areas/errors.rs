//! What an error looks like, and that a request which is not understood does nothing.
//!
//! API reference, "Error responses".

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::report::cases;
use crate::signing::sha256_hex;
use crate::stage::Stage;
use crate::wire::Answer;

cases![
    an_error_is_a_document_with_code_message_and_request_id,
    every_answer_has_a_request_id,
    a_body_that_is_no_xml_is_malformed,
    a_method_that_objects_do_not_have_is_refused,
    a_refused_upload_leaves_no_half_closed_connection,
    writing_what_belongs_to_an_object_does_not_write_the_object,
    deleting_what_belongs_to_an_object_does_not_delete_the_object,
];

fn assert_has_request_id(answer: &Answer) {
    assert_ne!(answer.header("x-amz-request-id"), "", "{answer:?}");
}

async fn an_error_is_a_document_with_code_message_and_request_id(stage: Stage) {
    let answer = stage.signer().sign(stage.request("GET", "absent & <gone>")).send().await;
    answer.assert_refused(404, "NoSuchKey");
    assert_eq!(answer.header("content-type"), "application/xml");
    assert!(answer.element("Message").is_some_and(|message| message.len() > 10), "{answer:?}");
    assert_eq!(answer.element("RequestId").as_deref(), Some(answer.header("x-amz-request-id")), "{answer:?}");
}

async fn every_answer_has_a_request_id(stage: Stage) {
    stage.put("k", "x").await;
    for request in [
        stage.request("GET", "k"),
        stage.request("HEAD", "k"),
        stage.request("HEAD", "absent"),
        stage.request("GET", ""),
        stage.request("PUT", "k").body("y"),
        stage.request("DELETE", "k"),
    ] {
        assert_has_request_id(&stage.signer().sign(request).send().await);
    }
}

async fn a_body_that_is_no_xml_is_malformed(stage: Stage) {
    stage.put("k", "stays").await;
    let upload = stage.begin("k").await;
    for body in ["<Delete><Object><Key>k</Key></Object>", "no XML", "<Other/>"] {
        let delete = stage.request("POST", "").query("delete", "").body(body);
        let delete = delete.header("x-amz-checksum-sha256", &base64_sha256(body));
        stage.signer().sign(delete).send().await.assert_refused(400, "MalformedXML");
        let complete = stage.request("POST", "k").query("uploadId", &upload).body(body);
        stage.signer().sign(complete).send().await.assert_refused(400, "MalformedXML");
    }
    assert_eq!(stage.text("k").await, "stays");
}

fn base64_sha256(body: &str) -> String {
    use base64::Engine as _;
    let hex = sha256_hex(body.as_bytes());
    let digest: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    base64::engine::general_purpose::STANDARD.encode(digest)
}

async fn a_method_that_objects_do_not_have_is_refused(stage: Stage) {
    stage.put("k", "stays").await;
    let answer = stage.signer().sign(stage.request("PATCH", "k").body("x")).send().await;
    let refusal = (answer.status, answer.code());
    assert!(
        [(405, "MethodNotAllowed".into()), (501, "NotImplemented".into())].contains(&refusal),
        "{answer:?}"
    );
    assert_eq!(stage.text("k").await, "stays");
}

/// RFC 9112, section 9.6: a server that will not read on says so. One that does not must take the next request.
async fn a_refused_upload_leaves_no_half_closed_connection(stage: Stage) {
    stage.put("k", "stays").await;
    let mut stranger = stage.signer();
    stranger.secret_access_key.push('!');
    let put = stage.request("PUT", "k").body(vec![b'x'; 100_000]);
    // What boto3 sends before a file, and what it sends before bytes.
    for put in [put.clone().header("expect", "100-continue"), put] {
        let put = stranger.sign(put);
        let mut connection = put.send_head().await;
        // A server may also read all of the body before it looks at who sends it.
        let early = tokio::time::timeout(Duration::from_secs(2), connection.readable()).await.is_ok();
        if !early {
            connection.write_all(&put.body).await.expect("the owed body to be taken");
        }
        let refused = read_answer(&mut connection).await;
        assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
        if refused.to_lowercase().contains("connection: close") {
            continue;
        }
        if early {
            connection.write_all(&put.body).await.expect("the owed body to be taken");
        }
        let next = stage.signer().sign(stage.request("GET", "k")).head();
        connection.write_all(next.as_bytes()).await.expect("the next request to be taken");
        let answer = read_answer(&mut connection).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
    }
    assert_eq!(stage.text("k").await, "stays");
}

/// The head of an answer, and its body as far as `Content-Length` counts it.
async fn read_answer(connection: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(connection.read_u8().await.expect("the head of an answer"));
    }
    let head = String::from_utf8_lossy(&answer).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
    connection.read_exact(&mut body).await.expect("the body of an answer");
    answer.extend(body);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether a server knows a sub-resource or not: `PUT …?acl` is never a PUT of the object.
async fn writing_what_belongs_to_an_object_does_not_write_the_object(stage: Stage) {
    let etag = stage.put("k", "stays").await;
    for part in ["acl", "tagging", "retention", "legal-hold", "torrent"] {
        let put = stage.request("PUT", "k").query(part, "").body("<NotWhatItShouldBe/>");
        stage.signer().sign(put).send().await;
        let head = stage.s3.head_object().bucket(&stage.bucket).key("k").send().await.unwrap();
        assert_eq!(head.e_tag.as_ref(), Some(&etag), "after PUT ?{part}");
    }
}

async fn deleting_what_belongs_to_an_object_does_not_delete_the_object(stage: Stage) {
    stage.put("k", "stays").await;
    for part in ["acl", "tagging", "retention", "uploads"] {
        let delete = stage.request("DELETE", "k").query(part, "");
        stage.signer().sign(delete).send().await;
        assert!(stage.has("k").await, "after DELETE ?{part}");
    }
}
