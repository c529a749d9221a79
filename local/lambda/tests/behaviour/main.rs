//! The stack's Lambda and SQS from outside: real processes on the real runtime, doing what each test's event tells them.

mod asynchronous;
mod ending;
mod invoking;
mod queues;
mod sources;
mod stage;
