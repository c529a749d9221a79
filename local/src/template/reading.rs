//! From a template to its blueprint.
//!
//! Facts are from the SAM specification and from the CloudFormation reference of each type. Types that change nothing on
//! one machine (log groups, layers, roles, alarms) are passed over.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use thumbline_local_lambda::QueueConfig;

use super::api::{self, Apis};
use super::blueprint::{Blueprint, FunctionPlan, TemplateSource};
use super::identity::{
    self, API, API_KEY, BUCKET, FUNCTION, QUEUE, ROLE, SOURCE, USAGE_PLAN, USAGE_PLAN_KEY,
};
use super::node::Node;
use super::permission;
use super::problem::{Problem, TemplateError};
use super::properties::Properties;
use super::scope::{Resource, Scope, Surroundings};
use super::wiring;

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
