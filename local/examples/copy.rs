//! A function that does to objects what the tests can check: it copies each new object to another bucket, in capital
//! letters, and removes the copy of each that is removed. The text `fail` makes it fail.
//!
//! With the handler `echo` it answers HTTP requests with the event that it got, or with what the parameter `do` says.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

async fn copy(client: &Client, to: &str, event: LambdaEvent<Value>) -> Result<Value, Error> {
    for record in event.payload["Records"].as_array().into_iter().flatten() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let bucket = text(&record["s3"]["bucket"]["name"]);
        let key = text(&record["s3"]["object"]["key"]).replace('+', " ");
        let key = percent_decode_str(&key).decode_utf8()?.into_owned();
        println!("{} {key}", text(&record["eventName"]));
        if text(&record["eventName"]).starts_with("ObjectRemoved:") {
            client.delete_object().bucket(to).key(key).send().await?;
            continue;
        }
        let object = client.get_object().bucket(bucket).key(&key).send().await?;
        let body = String::from_utf8(object.body.collect().await?.to_vec())?;
        if body == "fail" {
            return Err("asked to fail".into());
        }
        client.put_object().bucket(to).key(key).body(body.to_uppercase().into_bytes().into()).send().await?;
    }
    Ok(Value::Null)
}

async fn echo(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let event = event.payload;
    match event["queryStringParameters"]["do"].as_str() {
        Some("fail") => Err("asked to fail".into()),
        Some("sleep") => std::future::pending().await,
        Some("nonsense") => Ok(json!({ "nonsense": true })),
        // More than Lambda returns.
        Some("large") => Ok(json!({ "body": "x".repeat(7_000_000) })),
        Some("bytes") => Ok(json!({ "body": "AP8=", "isBase64Encoded": true })),
        _ => Ok(
            json!({ "statusCode": 200, "headers": { "Content-Type": "application/json" }, "body": event.to_string() }),
        ),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if std::env::var("_HANDLER").as_deref() == Ok("echo") {
        return lambda_runtime::run(service_fn(echo)).await;
    }
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let credentials = Credentials::new(
        variable("AWS_ACCESS_KEY_ID")?,
        variable("AWS_SECRET_ACCESS_KEY")?,
        None,
        None,
        "lambda",
    );
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(variable("AWS_ENDPOINT_URL")?)
        .region(Region::new(variable("AWS_REGION")?))
        .credentials_provider(credentials)
        .force_path_style(true)
        .build();
    let (client, to) = (Client::from_conf(config), variable("COPY_TO")?);
    lambda_runtime::run(service_fn(|event| copy(&client, &to, event))).await
}
