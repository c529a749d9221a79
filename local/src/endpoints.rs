//! Where everything is: what a program needs to use the stack.

use serde::Serialize;

/// The addresses, names and credentials of a running stack. As JSON it is what `thumbline local --json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Endpoints {
    /// Where S3 answers; the same address answers for all services, as `AWS_ENDPOINT_URL` wants it.
    pub s3: String,
    /// Where the thumbnail API answers, with its stage and without a slash at the end, if the template has one.
    pub api: Option<String>,
    /// The key that opens what needs one there.
    pub api_key: Option<String>,
    /// Where Lambda answers.
    pub lambda: String,
    /// Where SQS answers.
    pub sqs: String,
    /// Pictures are put here.
    pub input_bucket: String,
    /// Thumbnails appear here.
    pub output_bucket: String,
    /// The URL of the queue of events that were given up.
    pub failure_queue: String,
    /// The region that requests are signed for.
    pub region: String,
    /// The access key of the stack's only credentials.
    pub access_key_id: String,
    /// The secret that belongs to it. It opens nothing but this stack, which listens on this machine.
    pub secret_access_key: String,
}
