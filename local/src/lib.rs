//! The embedded stack: the whole of Thumbline on one machine, without a cloud account.
//!
//! A [`Stack`] is wired from the same template.yaml that is deployed: its buckets with their triggers and filters, its
//! functions with their variables, timeouts, retries and failure destinations, its queues, its REST API. The functions are real
//! processes and cannot tell the difference; AWS's own tools can talk to all of it at one address. Its REST API, if it has
//! one, has an address of its own, as on AWS.
//!
//! What happens when a picture is put: S3 writes the object and the event about it in one transaction; Lambda sees the
//! event, starts or reuses a process, and gives it the event through the runtime API; the function talks to the same S3
//! by `AWS_ENDPOINT_URL`. When it fails, it is tried again, and at last the event goes to the failure queue.
//!
//! Everything lies in one folder: `index.redb`, a database of objects, events and messages, and `blobs/`, the bytes.
//! One stack at a time can use a folder; the database's lock sees to it.

mod endpoints;
mod jobs;
mod listener;
mod sink;
mod stack;
mod template;

pub use endpoints::Endpoints;
pub use stack::{Stack, StackError, StackOptions};
pub use template::{
    Blueprint, FunctionPlan, Permission, Problem, Surroundings, TemplateError, TemplateSource,
};

pub use thumbline_local_gateway as gateway;
pub use thumbline_local_lambda as lambda;
pub use thumbline_local_lambda::{InvocationRecord, LogLine, LogSink};
pub use thumbline_local_s3 as s3;
