//! What names mean in a template: parameters, pseudo parameters, mappings, conditions and resources.
//!
//! Parameters are checked as CloudFormation checks them, except for `AllowedPattern`: its dialect is Java's.

use std::collections::BTreeMap;

use super::node::{Data, Node};
use super::problem::Problem;

/// What the template is told from outside.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// `AWS::StackName`.
    pub stack_name: String,
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::AccountId`.
    pub account_id: String,
    /// Where all services answer, for the URLs of queues.
    pub endpoint: String,
    /// The parameters' values; those that are not named have the template's defaults.
    pub parameters: BTreeMap<String, String>,
    /// Values for parameters that the template may have or not, where `parameters` says nothing of them.
    pub preferences: BTreeMap<String, String>,
}

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parameter {
    Text(String),
    List(Vec<String>),
}

/// All names of one template.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    root: &'a Node,
    pub(super) surroundings: &'a Surroundings,
    parameters: BTreeMap<String, Parameter>,
    /// Whether each condition holds.
    conditions: BTreeMap<&'a str, bool>,
    /// The resources that exist: those whose condition holds, in the order of the template.
    resources: Vec<Resource<'a>>,
}

impl<'a> Scope<'a> {
    /// Reads the parameters and decides the conditions. All that is wrong with them is reported.
    pub(crate) fn new(root: &'a Node, surroundings: &'a Surroundings) -> Result<Self, Vec<Problem>> {
        let parameters = parameters(root, surroundings)?;
        // Conditions are decided while there are no resources: they can refer to parameters only.
        let mut scope =
            Self { root, surroundings, parameters, conditions: BTreeMap::new(), resources: Vec::new() };
        let mut problems = Vec::new();
        for (name, node) in root.get("Conditions").map(Node::entries).unwrap_or_default() {
            match scope.decide(node, &format!("Conditions.{name}")) {
                Ok(holds) => {
                    scope.conditions.insert(name, holds);
                }
                Err(problem) => problems.push(problem),
            }
        }
        for (name, node) in root.get("Rules").map(Node::entries).unwrap_or_default() {
            problems.extend(scope.broken(node, &format!("Rules.{name}")));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        for (id, node) in root.get("Resources").map(Node::entries).unwrap_or_default() {
            match scope.existing(id, node) {
                Ok(resource) => scope.resources.extend(resource),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(scope) } else { Err(problems) }
    }

    /// The whole template.
    pub(crate) fn root(&self) -> &'a Node {
        self.root
    }

    pub(crate) fn stack_name(&self) -> &'a str {
        &self.surroundings.stack_name
    }

    /// The resources that exist, in the order of the template.
    pub(crate) fn resources(&self) -> &[Resource<'a>] {
        &self.resources
    }

    /// The resource with this logical id, if it exists.
    pub(super) fn resource(&self, id: &str) -> Option<&Resource<'a>> {
        self.resources.iter().find(|resource| resource.id == id)
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.get(name)
    }

    /// Whether the condition of this name holds.
    pub(super) fn condition(&self, name: &str) -> Option<bool> {
        self.conditions.get(name).copied()
    }

    /// What the parameters break of a rule: `RuleCondition`, if it has one, and then its assertions.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html>
    fn broken(&self, rule: &Node, path: &str) -> Vec<Problem> {
        match rule.get("RuleCondition").map(|node| self.decide(node, path)) {
            Some(Err(problem)) => return vec![problem],
            Some(Ok(false)) => return Vec::new(),
            Some(Ok(true)) | None => {}
        }
        let Some(Data::List(assertions)) = rule.get("Assertions").map(|node| &node.data) else {
            return vec![Problem::new(rule.line, path, "`Assertions` must be a list")];
        };
        let judge = |assertion: &Node| {
            let Some(condition) = assertion.get("Assert") else {
                return Some(Problem::new(assertion.line, path, "`Assert` is missing"));
            };
            match self.decide(condition, path) {
                Ok(true) => None,
                Ok(false) => {
                    let told = assertion.get("AssertDescription").and_then(Node::text);
                    Some(Problem::new(assertion.line, path, told.unwrap_or("does not hold")))
                }
                Err(problem) => Some(problem),
            }
        };
        assertions.iter().filter_map(judge).collect()
    }

    fn existing(&self, id: &'a str, node: &'a Node) -> Result<Option<Resource<'a>>, Problem> {
        let path = format!("Resources.{id}");
        let kind = node.get("Type").and_then(Node::text);
        let kind = kind.ok_or_else(|| Problem::new(node.line, &path, "`Type` is missing"))?;
        let exists = match node.get("Condition") {
            None => true,
            Some(condition) => {
                let holds = condition.text().and_then(|name| self.condition(name));
                holds.ok_or_else(|| {
                    Problem::new(condition.line, &path, "`Condition` is not the name of a condition")
                })?
            }
        };
        Ok(exists.then_some(Resource { id, kind, node, path }))
    }
}

/// A resource that exists.
#[derive(Debug, Clone)]
pub(crate) struct Resource<'a> {
    pub(crate) id: &'a str,
    /// Its type, for example `AWS::S3::Bucket`.
    pub(crate) kind: &'a str,
    pub(crate) node: &'a Node,
    pub(crate) path: String,
}

impl<'a> Resource<'a> {
    /// A property as it is written.
    pub(crate) fn property(&self, name: &str) -> Option<&'a Node> {
        self.node.get("Properties")?.get(name)
    }
}

fn parameters(root: &Node, surroundings: &Surroundings) -> Result<BTreeMap<String, Parameter>, Vec<Problem>> {
    let declared = root.get("Parameters").map(Node::entries).unwrap_or_default();
    let mut problems = Vec::new();
    for name in surroundings.parameters.keys() {
        if !declared.iter().any(|(declared, _)| declared == name) {
            let names: Vec<_> = declared.iter().map(|(name, _)| name.as_str()).collect();
            let message = format!("the template has no parameter `{name}`; it has {}", names.join(", "));
            problems.push(Problem::new(0, "Parameters", message));
        }
    }
    let mut parameters = BTreeMap::new();
    for (name, node) in declared {
        let path = format!("Parameters.{name}");
        let given = surroundings.parameters.get(name).or_else(|| surroundings.preferences.get(name));
        match parameter(node, &path, given.map(String::as_str)) {
            Ok(value) => {
                parameters.insert(name.clone(), value);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(parameters) } else { Err(problems) }
}

fn parameter(node: &Node, path: &str, given: Option<&str>) -> Result<Parameter, Problem> {
    let scalar = |key: &str| node.get(key).and_then(Node::text);
    let default = match node.get("Default").map(|node| &node.data) {
        Some(Data::Text(text)) => Some(text.as_str()),
        Some(Data::Nothing) => Some(""),
        Some(_) => return Err(Problem::new(node.line, path, "`Default` must be text or a number")),
        None => None,
    };
    let value = given
        .or(default)
        .ok_or_else(|| Problem::new(node.line, path, "has no default, so a value must be given"))?;
    let problem = |message: String| Problem::new(node.line, path, message);
    if let Some(Data::List(allowed)) = node.get("AllowedValues").map(|node| &node.data) {
        let allowed: Vec<_> = allowed.iter().filter_map(Node::text).collect();
        if !allowed.contains(&value) {
            return Err(problem(format!("`{value}` is not allowed; allowed are {}", allowed.join(", "))));
        }
    }
    let kind = scalar("Type").unwrap_or("String");
    if kind == "Number" {
        let number: f64 = value.parse().map_err(|_| problem(format!("`{value}` is not a number")))?;
        let limit = |key: &str| scalar(key).and_then(|limit| limit.parse::<f64>().ok());
        if limit("MinValue").is_some_and(|min| number < min)
            || limit("MaxValue").is_some_and(|max| number > max)
        {
            let (min, max) = (scalar("MinValue").unwrap_or("any"), scalar("MaxValue").unwrap_or("any"));
            return Err(problem(format!("{value} is not within the limits {min} and {max}")));
        }
    }
    let length = value.chars().count();
    let limit = |key: &str| scalar(key).and_then(|limit| limit.parse::<usize>().ok());
    if limit("MinLength").is_some_and(|min| length < min)
        || limit("MaxLength").is_some_and(|max| length > max)
    {
        let (min, max) = (scalar("MinLength").unwrap_or("0"), scalar("MaxLength").unwrap_or("any"));
        return Err(problem(format!("`{value}` has {length} characters; it must have from {min} to {max}")));
    }
    Ok(if kind == "CommaDelimitedList" || kind.starts_with("List<") {
        Parameter::List(value.split(',').map(|item| item.trim().to_owned()).collect())
    } else {
        Parameter::Text(value.to_owned())
    })
}
