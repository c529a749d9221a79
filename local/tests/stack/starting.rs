//! Starting, and not starting.

use tempfile::TempDir;
use thumbline_local::{Stack, StackError, TemplateSource};

use crate::stage::{fixtures, options};

#[tokio::test]
async fn a_stack_says_where_everything_is() {
    let data = TempDir::new().unwrap();
    let stack = Stack::start(options(&data)).await.unwrap();
    let endpoints = serde_json::to_value(stack.endpoints()).unwrap();
    assert_eq!(endpoints["input_bucket"], "thumbline-input-000000000000");
    assert_eq!(endpoints["output_bucket"], "thumbline-output-000000000000");
    let s3 = endpoints["s3"].as_str().unwrap();
    assert!(s3.starts_with("http://127.0.0.1:"), "{s3}");
    assert_eq!(endpoints["failure_queue"], format!("{s3}/000000000000/thumbline-failures"));
    assert_eq!(endpoints["api"], serde_json::Value::Null);
    assert!(data.path().join("index.redb").is_file() && data.path().join("blobs").is_dir());
}

#[tokio::test]
async fn two_stacks_cannot_share_a_data_folder() {
    let data = TempDir::new().unwrap();
    let first = Stack::start(options(&data)).await.unwrap();
    let error = Stack::start(options(&data)).await.unwrap_err();
    assert!(matches!(error, StackError::InUse(_)), "{error}");
    assert!(error.to_string().contains("in use by another running stack"), "{error}");
    first.stop().await;
    Stack::start(options(&data)).await.unwrap();
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let data = TempDir::new().unwrap();
    let mut options = options(&data);
    options.address = taken.local_addr().unwrap();
    let error = Stack::start(options).await.unwrap_err().to_string();
    assert!(error.contains(&taken.local_addr().unwrap().to_string()), "{error}");
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let data = TempDir::new().unwrap();
    let mut without = options(&data);
    without.bootstrap = "/nowhere/bootstrap".into();
    let error = Stack::start(without).await.unwrap_err().to_string();
    assert!(error.contains("thumbline-copy") && error.contains("/nowhere/bootstrap"), "{error}");

    let mut without = options(&data);
    without.template = TemplateSource::File("/nowhere/template.yaml".into());
    let error = Stack::start(without).await.unwrap_err().to_string();
    assert!(error.contains("/nowhere/template.yaml"), "{error}");

    let mut without = options(&data);
    let text = std::fs::read_to_string(fixtures().join("template.yaml")).unwrap();
    let text = text.replace("FailureQueueUrl:", "SomethingElse:");
    without.template = TemplateSource::Text { text, folder: fixtures() };
    let error = Stack::start(without).await.unwrap_err().to_string();
    assert!(error.contains("FailureQueueUrl"), "{error}");
}
