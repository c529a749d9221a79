//! Lambda's runtime, compiled once for every function's door.
//!
//! `lambda_runtime::run` is generic over what it calls, and so are all of its layers: each door that called it would bring
//! another copy of them into the layer, some forty kilobytes that every cold start loads.

use std::future::Future;
use std::pin::Pin;

use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use serde_json::value::RawValue;
use thumbline::{Call, door};

/// What an invocation comes to.
pub type Reply<'a> = Pin<Box<dyn Future<Output = Result<Value, Diagnostic>> + 'a>>;

/// One invocation.
#[derive(Debug)]
pub struct Invocation {
    /// What the function was invoked with.
    pub event: Box<RawValue>,
    /// The request id, and when to stop.
    pub call: Call,
    /// What else Lambda tells of it.
    pub context: Context,
}

impl Invocation {
    /// What the function was invoked with, read.
    ///
    /// # Errors
    /// A diagnostic for Lambda, of an event with more levels than any has.
    pub fn value(&self) -> Result<Value, Diagnostic> {
        serde_json::from_str(self.event.get()).map_err(|error| Diagnostic {
            error_type: "Thumbline.UnknownEvent".to_owned(),
            error_message: format!("the event can't be read: {error}"),
        })
    }
}

/// Answers invocations with `handle` until Lambda ends the process.
///
/// # Errors
/// A runtime API that can't be reached.
pub async fn serve<'a>(
    handle: &'a (dyn Fn(Invocation) -> Reply<'a> + 'a),
) -> Result<(), lambda_runtime::Error> {
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let LambdaEvent { payload, context } = event;
        let deadline = door::deadline(context.deadline());
        let call = Call { deadline, request_id: context.request_id.clone() };
        handle(Invocation { event: payload, call, context })
    }))
    .await
}
