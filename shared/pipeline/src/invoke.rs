//! Invoking Lambda functions: the resize function with pictures to make, a function itself to go on elsewhere.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::aws::{Ask, Aws, AwsError, Service};
use crate::event::Hint;

/// How many pictures one asynchronous invocation announces, where many are to be made. One after the other they take some
/// seconds, well within the shortest timeout that the template allows for; and 20 of the longest keys that S3 takes, each
/// byte of them escaped, are 61 KB of the 256 KB that are safe to send.
pub const PICTURES_PER_INVOCATION: usize = 20;

/// What a function that ran to its end says.
pub type Returned = Result<Value, FunctionError>;

/// A function that was invoked, and failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct FunctionError {
    /// Such as `Thumbline.Retry`, or `Sandbox.Timedout` where Lambda says it.
    pub kind: String,
    /// In words.
    pub message: String,
}

impl Aws {
    /// Invokes a function, named by name, `name:alias` or ARN, and waits for what it returns.
    ///
    /// # Errors
    /// [`AwsError`], where it was not invoked, or nobody knows what it returned.
    pub async fn invoke(
        &self,
        function: &str,
        payload: &Value,
        timeout: Duration,
    ) -> Result<Returned, AwsError> {
        let ask = Ask { timeout, ..ask(function, "RequestResponse", payload) };
        let answer = self.send(ask).await?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let Some(kind) = answer.header("x-amz-function-error") else {
            return Ok(Ok(body));
        };
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let kind = text("errorType").unwrap_or_else(|| kind.to_owned());
        Ok(Err(FunctionError { kind, message: text("errorMessage").unwrap_or_default() }))
    }

    /// Invokes a function asynchronously: Lambda keeps the event, and tries it until it works or goes to where failures go.
    ///
    /// # Errors
    /// [`AwsError`], where Lambda did not take the event, or nobody knows whether it did.
    pub async fn invoke_later(&self, function: &str, payload: &Value) -> Result<(), AwsError> {
        self.send(ask(function, "Event", payload)).await.map(|_| ())
    }
}

fn ask(function: &str, invocation_type: &str, payload: &Value) -> Ask {
    let function = utf8_percent_encode(function, NON_ALPHANUMERIC);
    let target = format!("/2015-03-31/functions/{function}/invocations");
    Ask::post(Service::Lambda, "Invoke", target, payload.to_string().into_bytes())
        .header("content-type", "application/json")
        .header("x-amz-invocation-type", invocation_type)
}

/// The event that makes the resize function look at these pictures, in the form of S3's own.
pub fn announcement<'a>(hints: impl IntoIterator<Item = &'a Hint>) -> Value {
    let records: Vec<Value> = hints
        .into_iter()
        .map(|hint| {
            let key = utf8_percent_encode(&hint.key, NON_ALPHANUMERIC).to_string();
            json!({ "eventSource": "aws:s3", "s3": { "bucket": { "name": hint.bucket }, "object": { "key": key } } })
        })
        .collect();
    json!({ "Records": records })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Envelope;

    #[test]
    fn what_is_announced_is_what_the_function_reads() {
        let hints = ["a b+c%2F.jpg", "日本/😀", "~"].map(|key| Hint { bucket: "b".into(), key: key.into() });
        assert_eq!(Envelope::read(announcement(&hints)), Ok(Envelope::Notification(hints.to_vec())));
    }

    #[test]
    fn the_longest_keys_fit_into_an_invocation() {
        let hint = Hint { bucket: "b".repeat(63), key: "日".repeat(341) };
        let many = vec![hint; PICTURES_PER_INVOCATION];
        assert!(announcement(&many).to_string().len() < 128 * 1024);
    }
}
