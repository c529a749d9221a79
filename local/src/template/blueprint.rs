//! What the stack takes from a template: buckets, functions, queues, APIs, and what wires them.
//!
//! Facts are from the SAM specification and from the CloudFormation reference of each type. Types that change nothing on
//! one machine (log groups, layers, roles, alarms) are passed over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thumbline_local_gateway::RestApi;
use thumbline_local_lambda::{EventSource, QueueConfig};
use thumbline_local_s3::{CorsRule, NotificationRule};

use super::api::{self, Apis};
use super::identity::{
    self, API, API_KEY, BUCKET, FUNCTION, QUEUE, ROLE, SOURCE, USAGE_PLAN, USAGE_PLAN_KEY,
};
use super::node::Node;
use super::permission::{self, Permission};
use super::problem::{Problem, TemplateError};
use super::property::Property;
use super::scope::{Resource, Scope, Surroundings};
use super::wiring;

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

impl Blueprint {
    /// Reads a template. All mistakes that are found are reported together.
    pub fn read(source: &TemplateSource, surroundings: &Surroundings) -> Result<Self, TemplateError> {
        let (name, text, folder) = match source {
            TemplateSource::File(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| TemplateError::Read { path: path.clone(), source })?;
                let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
                (path.display().to_string(), text, folder)
            }
            TemplateSource::Text { text, folder } => {
                ("the template".to_owned(), text.clone(), folder.clone())
            }
        };
        read(&text, &folder, surroundings).map_err(|problems| TemplateError::Mistakes { name, problems })
    }
}

fn read(text: &str, folder: &Path, surroundings: &Surroundings) -> Result<Blueprint, Vec<Problem>> {
    let root = Node::parse(text).map_err(|problem| vec![problem])?;
    let scope = Scope::new(&root, surroundings)?;
    let resources = scope.resources();
    if resources.is_empty() {
        return Err(vec![Problem::new(root.line, "Resources", "there are none")]);
    }
    let mut blueprint = Blueprint::default();
    let mut apis = Apis::default();
    let mut problems = Vec::new();
    for resource in resources {
        let added = match resource.kind {
            BUCKET => add_bucket(&mut blueprint, &scope, resource),
            QUEUE => add_queue(&mut blueprint, &scope, resource),
            FUNCTION => add_function(&mut blueprint, &scope, resource, folder),
            SOURCE => wiring::add_source(&mut blueprint, &Properties::new(&scope, resource, None)),
            ROLE => add_role(&mut blueprint, &scope, resource),
            API | API_KEY | USAGE_PLAN | USAGE_PLAN_KEY => add_to_apis(&mut apis, &scope, resource),
            kind => {
                tracing::debug!(resource = resource.id, kind, "not part of the local stack");
                Ok(())
            }
        };
        problems.extend(added.err());
    }
    blueprint.apis = apis.finish();
    if problems.is_empty() {
        problems.extend(wiring::check(&blueprint));
    }
    for (name, node) in root.get("Outputs").map(Node::entries).unwrap_or_default() {
        let path = format!("Outputs.{name}");
        let value = node.get("Value").map(|node| scope.evaluate(node, &format!("{path}.Value")));
        match value {
            // An output may well be of a resource that the local stack does not have.
            Some(Err(problem)) => tracing::debug!(%problem, "an output is left out"),
            Some(Ok(Some(value))) => {
                if let Ok(text) = value.text() {
                    blueprint.outputs.insert(name.clone(), text.to_owned());
                }
            }
            _ => {}
        }
    }
    if problems.is_empty() { Ok(blueprint) } else { Err(problems) }
}

/// A resource's properties, each evaluated when it is asked for.
pub(super) struct Properties<'a> {
    scope: &'a Scope<'a>,
    node: Node,
    path: String,
}

impl<'a> Properties<'a> {
    fn new(scope: &'a Scope<'a>, resource: &Resource<'_>, globals: Option<&Node>) -> Self {
        let nothing = Node { line: resource.node.line, data: super::node::Data::Map(Vec::new()) };
        let node = resource.node.get("Properties").unwrap_or(&nothing);
        let node = globals.map_or_else(|| node.clone(), |globals| node.over(globals));
        Self { scope, node, path: format!("{}.Properties", resource.path) }
    }

    pub(super) fn get(&self, name: &str) -> Result<Option<Property>, Problem> {
        match self.node.get(name) {
            Some(node) => self.scope.evaluate(node, &format!("{}.{name}", self.path)),
            None => Ok(None),
        }
    }

    pub(super) fn need(&self, name: &str) -> Result<Property, Problem> {
        self.get(name)?
            .ok_or_else(|| Problem::new(self.node.line, &self.path, format!("`{name}` is missing")))
    }
}

fn add_bucket(blueprint: &mut Blueprint, scope: &Scope<'_>, resource: &Resource<'_>) -> Result<(), Problem> {
    let name = identity::name(scope, resource, 0)?;
    let properties = Properties::new(scope, resource, None);
    if let Some(configuration) = properties.get("NotificationConfiguration")? {
        blueprint.triggers.extend(wiring::bucket_triggers(&name, &configuration)?);
    }
    if let Some(configuration) = properties.get("CorsConfiguration")? {
        blueprint.cors.insert(name.clone(), api::cors_rules(&configuration)?);
    }
    blueprint.buckets.push(name);
    Ok(())
}

fn add_to_apis(apis: &mut Apis, scope: &Scope<'_>, resource: &Resource<'_>) -> Result<(), Problem> {
    let name = identity::name(scope, resource, 0)?;
    let properties = Properties::new(scope, resource, None);
    match resource.kind {
        API => apis.add_api(&name, &properties),
        API_KEY => apis.add_key(&name, scope.stack_name(), &properties),
        USAGE_PLAN => apis.add_plan(&name, &properties),
        _ => apis.add_member(&properties),
    }
}

fn add_queue(blueprint: &mut Blueprint, scope: &Scope<'_>, resource: &Resource<'_>) -> Result<(), Problem> {
    let mut queue = QueueConfig::new(identity::name(scope, resource, 0)?);
    let properties = Properties::new(scope, resource, None);
    for name in [
        "VisibilityTimeout",
        "DelaySeconds",
        "MessageRetentionPeriod",
        "ReceiveMessageWaitTimeSeconds",
        "MaximumMessageSize",
        "RedrivePolicy",
        "FifoQueue",
    ] {
        if let Some(value) = properties.get(name)? {
            let text = match name {
                "RedrivePolicy" => value.json().to_string(),
                _ => value.text()?.to_owned(),
            };
            queue.set(name, &text).map_err(|error| value.problem(error.to_string()))?;
        }
    }
    blueprint.queues.push(queue);
    Ok(())
}

fn add_role(blueprint: &mut Blueprint, scope: &Scope<'_>, resource: &Resource<'_>) -> Result<(), Problem> {
    let Some(arn) = identity::attribute(scope, resource, "Arn", 0)? else { return Ok(()) };
    let policies = Properties::new(scope, resource, None).get("Policies")?;
    let permissions = policies.as_ref().map(permission::read).transpose()?;
    blueprint.permissions.insert(arn, permissions.unwrap_or_default());
    Ok(())
}

fn add_function(
    blueprint: &mut Blueprint,
    scope: &Scope<'_>,
    resource: &Resource<'_>,
    folder: &Path,
) -> Result<(), Problem> {
    let name = identity::name(scope, resource, 0)?;
    let globals = scope.root().get("Globals").and_then(|globals| globals.get("Function"));
    let properties = Properties::new(scope, resource, globals);
    let code = properties.need("CodeUri")?;
    if code.text()?.contains("://") {
        return Err(code.problem("the local stack needs a folder of this machine here"));
    }
    let mut environment = BTreeMap::new();
    if let Some(variables) = properties.get("Environment")?
        && let Some(variables) = variables.get("Variables")?
    {
        for (name, value) in variables.entries()? {
            environment.insert(name.clone(), value.text()?.to_owned());
        }
    }
    let number = |name: &str, min: u32, max: u32| -> Result<Option<u32>, Problem> {
        properties.get(name)?.map(|value| value.number(min, max)).transpose()
    };
    let mut plan = FunctionPlan {
        alias: properties
            .get("AutoPublishAlias")?
            .map(|alias| alias.text().map(str::to_owned))
            .transpose()?,
        handler: properties.need("Handler")?.text()?.to_owned(),
        task_root: folder.join(code.text()?),
        environment,
        timeout: Duration::from_secs(number("Timeout", 1, 900)?.unwrap_or(3).into()),
        memory_mb: number("MemorySize", 128, 10_240)?.unwrap_or(128),
        reserved_concurrency: number("ReservedConcurrentExecutions", 1, 1000)?
            .and_then(|number| number.try_into().ok()),
        max_retries: 2,
        max_event_age: Duration::from_secs(21_600),
        on_failure: None,
        role: properties.get("Role")?.map(|role| role.text().map(str::to_owned)).transpose()?,
        name,
    };
    if let Some(configuration) = properties.get("EventInvokeConfig")? {
        wiring::configure_events(&mut plan, &configuration)?;
    }
    if let Some(events) = properties.get("Events")? {
        for (id, event) in events.entries()? {
            wiring::add_event(blueprint, &plan.name, id, event)?;
        }
    }
    blueprint.functions.push(plan);
    Ok(())
}
