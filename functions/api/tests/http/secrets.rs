//! Secrets that AWS keeps: what is asked of it at start, and what comes of its answers.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use thumbline::Aws;
use thumbline::secret::SecretReference;
use tokio::net::TcpListener;

use crate::stage::{KEYS, configuration};

/// What was asked: the target, the service that it was signed for, the body.
type Asked = Arc<Mutex<Vec<(String, String, Value)>>>;

/// An AWS that knows two secrets, and refuses to tell any other.
async fn aws() -> (Aws, Asked) {
    let asked = Asked::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let log = asked.clone();
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            let log = log.clone();
            let service = hyper::service::service_fn(move |request| answer(request, log.clone()));
            tokio::spawn(async move {
                let connection = TokioIo::new(connection);
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(connection, service).await;
            });
        }
    });
    (Aws::new(configuration(&url)), asked)
}

async fn answer(request: Request<Incoming>, log: Asked) -> Result<Response<Full<Bytes>>, Infallible> {
    let header = |name: &str| request.headers().get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/x-amz-json-1.1");
    let (target, authorization) = (header("x-amz-target"), header("authorization"));
    // Credential=ID/DATE/REGION/SERVICE/aws4_request
    let service = authorization.split('/').nth(3).unwrap().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let (status, answer) = match (target.as_str(), &body) {
        ("secretsmanager.GetSecretValue", body) if body["SecretId"] == "thumbline/signing" => {
            (200, json!({ "Name": "thumbline/signing", "SecretString": KEYS }))
        }
        ("secretsmanager.GetSecretValue", body) if body["SecretId"] == "bytes" => {
            (200, json!({ "Name": "bytes", "SecretBinary": "AAAA" }))
        }
        ("AmazonSSM.GetParameter", body)
            if body["Name"] == "/thumbline/key" && body["WithDecryption"] == true =>
        {
            (200, json!({ "Parameter": { "Name": "/thumbline/key", "Value": "shared" } }))
        }
        _ => {
            let code = "com.amazonaws.secretsmanager#ResourceNotFoundException";
            (400, json!({ "__type": code, "Message": "Secrets Manager can't find the specified secret." }))
        }
    };
    log.lock().unwrap().push((target, service, body));
    Ok(Response::builder().status(status).body(Full::from(answer.to_string())).unwrap())
}

async fn read(aws: &Aws, reference: &str) -> Result<String, String> {
    let reference: SecretReference = reference.parse().unwrap();
    reference.read(aws).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_secret_is_asked_for_where_it_is() {
    let (aws, asked) = aws().await;
    assert_eq!(read(&aws, "thumbline/signing").await.as_deref(), Ok(KEYS));
    assert_eq!(read(&aws, "secretsmanager:thumbline/signing").await.as_deref(), Ok(KEYS));
    assert_eq!(read(&aws, "ssm:/thumbline/key").await.as_deref(), Ok("shared"));
    let services: Vec<String> = asked.lock().unwrap().iter().map(|(_, service, _)| service.clone()).collect();
    assert_eq!(services, ["secretsmanager", "secretsmanager", "ssm"]);
}

#[tokio::test]
async fn a_secret_that_can_not_be_read_says_which_and_why() {
    let (aws, _) = aws().await;
    let missing = read(&aws, "thumbline/none").await.unwrap_err();
    for expected in ["secretsmanager:thumbline/none", "400 ResourceNotFoundException", "can't find"] {
        assert!(missing.contains(expected), "{expected:?} in {missing}");
    }
    assert!(read(&aws, "bytes").await.unwrap_err().contains("as a string"));
    assert!(read(&aws, "file:/nowhere/keys").await.unwrap_err().contains("file:/nowhere/keys"));
    let nobody = Aws::new(configuration("http://127.0.0.1:1"));
    assert!(read(&nobody, "thumbline/signing").await.unwrap_err().contains("GetSecretValue"));
}
