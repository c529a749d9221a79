//! A Lambda and an SQS for one machine.
//!
//! Functions cannot tell that they are not on AWS: each environment is a process of the real bootstrap, with the real
//! runtime API, one invocation at a time, killed when its time is over and replaced when it dies. Events are delivered
//! with the semantics that S3's triggers rely on: at least once, retried with delays, given up with a record in a
//! queue, and none of it forgotten when the stack is stopped in the middle.
//!
//! # What comes from where
//!
//! * [`Lambda`] runs functions: [`Lambda::invoke`] now, [`Lambda::enqueue_in`] later and durably, in the transaction of
//!   whoever causes the event. [`Lambda::subscribe`] tells of every invocation that finishes, and [`Lambda::idle`] waits
//!   until there is nothing left to do.
//! * [`Sqs`] keeps messages; [`EventSource`] feeds them to functions.
//! * `handle` of both answers the requests of any AWS client, which must be signed with the [`Account`]'s credentials.
//!
//! # Where it differs from AWS
//!
//! Memory is reported, not limited. Processes are not frozen between invocations. Initialising is not tried a second
//! time within the function's timeout, and extensions are not known. Event sources take no batching window. Queues are
//! standard queues, in the order in which messages became visible.

mod account;
mod activity;
mod api;
mod body;
mod clock;
mod database;
mod delivery;
mod destination;
mod environment;
mod events;
mod fleet;
mod function;
mod invocation;
mod lambda;
mod log;
mod mapping;
mod memory;
mod output;
mod report;
mod roster;
mod runtime_api;
mod service;
mod signature;
mod sqs;

pub use account::Account;
pub use body::read_body;
pub use database::StoreError;
pub use function::{AsyncConfig, FunctionConfig};
pub use invocation::{Attempt, FunctionError, InvocationRecord};
pub use lambda::{InvokeError, Lambda, LambdaOptions, StartError};
pub use log::{LogLine, LogSink};
pub use mapping::EventSource;
pub use roster::RunningEnvironment;
pub use signature::{Refusal, verify as verify_signature};
pub use sqs::{
    ActionLog, MessageAttribute, NewMessage, QueueConfig, QueueCounts, ReceivedMessage, Redrive, SentMessage,
    Sqs, SqsError,
};
