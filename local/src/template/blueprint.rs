//! What the stack takes from a template: buckets, functions, queues, APIs, and what wires them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use thumbline_local_gateway::RestApi;
use thumbline_local_lambda::{EventSource, QueueConfig};
use thumbline_local_s3::{CorsRule, NotificationRule};

use super::permission::Permission;

/// Where a template comes from.
#[derive(Debug, Clone)]
pub enum TemplateSource {
    /// A file. Paths in it are relative to its folder.
    File(PathBuf),
    /// A text. Paths in it are relative to the folder.
    Text {
        /// The template.
        text: String,
        /// What its paths are relative to.
        folder: PathBuf,
    },
}

/// A function of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionPlan {
    /// Its physical name.
    pub name: String,
    /// The alias under which it is published.
    pub alias: Option<String>,
    /// Which door of the bootstrap it opens.
    pub handler: String,
    /// The folder of its own package.
    pub task_root: PathBuf,
    /// Its own variables.
    pub environment: BTreeMap<String, String>,
    /// When an invocation is killed.
    pub timeout: Duration,
    /// What it is given, in MB.
    pub memory_mb: u32,
    /// The most environments that the template lets it have.
    pub reserved_concurrency: Option<usize>,
    /// How many attempts follow a failed first one.
    pub max_retries: usize,
    /// When an event is too old.
    pub max_event_age: Duration,
    /// Where events go that were given up: a queue's ARN.
    pub on_failure: Option<String>,
    /// The ARN of the role that it takes, if the template gives it one.
    pub role: Option<String>,
}

/// Everything that the stack takes from a template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blueprint {
    /// The names of the buckets, in the order of the template.
    pub buckets: Vec<String>,
    /// The functions, in the order of the template.
    pub functions: Vec<FunctionPlan>,
    /// The queues, in the order of the template.
    pub queues: Vec<QueueConfig>,
    /// Which changes of buckets are told to which functions, whose names are the targets.
    pub triggers: Vec<NotificationRule>,
    /// Which pages of other origins may use which buckets, by the bucket's name.
    pub cors: BTreeMap<String, Vec<CorsRule>>,
    /// The REST APIs, in the order of the template.
    pub apis: Vec<RestApi>,
    /// Which queues feed which functions.
    pub sources: Vec<EventSource>,
    /// What each role may do, by the role's ARN.
    pub permissions: BTreeMap<String, Vec<Permission>>,
    /// The template's outputs.
    pub outputs: BTreeMap<String, String>,
}
