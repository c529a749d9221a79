//! What a REST API is made of, as a template describes it.

use std::fmt;
use std::time::Duration;

/// One stage of a REST API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestApi {
    /// The API's id, the first label of its host name on AWS.
    pub id: String,
    /// The stage's name, the first segment of every path.
    pub stage: String,
    /// The media types of bodies that are bytes: `type/subtype`, `type/*` or `*/*`.
    pub binary_media_types: Vec<String>,
    /// The methods, in any order.
    pub methods: Vec<Method>,
    /// The enabled keys that a usage plan of this stage has.
    pub keys: Vec<ApiKey>,
}

/// What happens to requests with one method for one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// The resource's path, such as `/images` or `/images/{proxy+}`.
    pub resource: String,
    /// The HTTP method; `None` for all that have no entry of their own.
    pub method: Option<http::Method>,
    /// The function that answers.
    pub function: String,
    /// Whether only requests with an API key come through.
    pub key_required: bool,
    /// How long the function may take.
    pub timeout: Duration,
}

/// A key that opens what needs one.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// What it is called by whoever must not know it.
    pub id: String,
    /// What clients send.
    pub value: String,
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ApiKey").field("id", &self.id).finish_non_exhaustive()
    }
}
