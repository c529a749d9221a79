//! The intrinsic functions of CloudFormation, evaluated for one machine.
//!
//! Facts are from the "Intrinsic function reference" and the "Pseudo parameters reference" of the CloudFormation user
//! guide. Only what the stack takes from a template is evaluated, so functions elsewhere may be of any kind; one that is
//! met and not known is an error.

use super::identity;
use super::node::{Data, Node};
use super::problem::Problem;
use super::property::{Property, Value};
use super::scope::{Parameter, Resource, Scope};

/// How deep values may lead to other values: deeper than any template, and not for ever.
const MAX_DEPTH: usize = 64;

impl Scope<'_> {
    /// The value of a node. `None` if it is nothing, or `AWS::NoValue`.
    pub(crate) fn evaluate(&self, node: &Node, path: &str) -> Result<Option<Property>, Problem> {
        self.evaluate_at(node, path, 0)
    }

    pub(super) fn evaluate_at(
        &self,
        node: &Node,
        path: &str,
        depth: usize,
    ) -> Result<Option<Property>, Problem> {
        if depth > MAX_DEPTH {
            return Err(Problem::new(node.line, path, "leads to itself"));
        }
        if let Some((function, argument)) = node.call() {
            return Call { scope: self, function, argument, path, depth: depth + 1 }.evaluate();
        }
        let value = match &node.data {
            Data::Nothing | Data::Call(..) => return Ok(None),
            Data::Text(text) => Value::Text(text.clone()),
            Data::List(nodes) => {
                let mut items = Vec::new();
                for (index, node) in nodes.iter().enumerate() {
                    items.extend(self.evaluate_at(node, &format!("{path}[{index}]"), depth + 1)?);
                }
                Value::List(items)
            }
            Data::Map(nodes) => {
                let mut entries = Vec::new();
                for (key, node) in nodes {
                    if let Some(value) = self.evaluate_at(node, &format!("{path}.{key}"), depth + 1)? {
                        entries.push((key.clone(), value));
                    }
                }
                Value::Map(entries)
            }
        };
        Ok(Some(Property { line: node.line, path: path.to_owned(), value }))
    }

    /// Whether a condition's expression holds.
    pub(super) fn decide(&self, node: &Node, path: &str) -> Result<bool, Problem> {
        self.holds(node, path, 0)
    }

    /// Whether an expression of conditions holds.
    fn holds(&self, node: &Node, path: &str, depth: usize) -> Result<bool, Problem> {
        if depth > MAX_DEPTH {
            return Err(Problem::new(node.line, path, "leads to itself"));
        }
        let reference = match (&node.data, node.entries()) {
            (Data::Call(function, name), _) if function == "Condition" => Some(name.as_ref()),
            (_, [(key, name)]) if key == "Condition" => Some(name),
            _ => None,
        };
        if let Some(name) = reference {
            let conditions = self.root().get("Conditions");
            let named = name.text().and_then(|name| conditions.and_then(|conditions| conditions.get(name)));
            let named = named.ok_or_else(|| Problem::new(node.line, path, "names no condition"))?;
            return self.holds(named, path, depth + 1);
        }
        let Some((function, argument)) = node.call() else {
            return Err(Problem::new(node.line, path, "is not a condition"));
        };
        let Data::List(arguments) = &argument.data else {
            return Err(Problem::new(node.line, path, format!("{function} takes a list")));
        };
        match (function, arguments.as_slice()) {
            ("Fn::Equals", [left, right]) => {
                let left = self.evaluate_at(left, path, depth + 1)?;
                let right = self.evaluate_at(right, path, depth + 1)?;
                Ok(left.map(|left| left.json()) == right.map(|right| right.json()))
            }
            ("Fn::Not", [condition]) => Ok(!self.holds(condition, path, depth + 1)?),
            ("Fn::And", conditions) => {
                conditions.iter().try_fold(true, |all, one| Ok(all & self.holds(one, path, depth + 1)?))
            }
            ("Fn::Or", conditions) => {
                conditions.iter().try_fold(false, |any, one| Ok(any | self.holds(one, path, depth + 1)?))
            }
            (function, arguments) => {
                let message = format!("{function} with {} arguments is not a condition", arguments.len());
                Err(Problem::new(node.line, path, message))
            }
        }
    }
}

/// One function being called.
struct Call<'a> {
    scope: &'a Scope<'a>,
    function: &'a str,
    argument: &'a Node,
    path: &'a str,
    depth: usize,
}

impl Call<'_> {
    fn evaluate(&self) -> Result<Option<Property>, Problem> {
        match self.function {
            "Ref" => self.reference(self.plain(self.argument)?),
            "Fn::GetAtt" => self.attribute().map(Some),
            "Fn::Sub" => self.substitute().map(Some),
            "Fn::Join" => {
                let [separator, list] = self.arguments()?;
                let parts = self.list(list)?;
                Ok(Some(self.text(parts.join(&self.string(separator)?))))
            }
            "Fn::Split" => {
                let [separator, text] = self.arguments()?;
                let (separator, text) = (self.string(separator)?, self.string(text)?);
                let parts = text.split(separator.as_str()).map(|part| self.text(part.to_owned())).collect();
                Ok(Some(self.property(Value::List(parts))))
            }
            "Fn::Select" => {
                let [index, list] = self.arguments()?;
                let (index, list) = (self.string(index)?, self.value(list)?);
                let items = list.items()?;
                let item = index.parse().ok().and_then(|index: usize| items.get(index));
                let missing =
                    || self.problem(format!("there is no item {index} in a list of {}", items.len()));
                item.cloned().map(Some).ok_or_else(missing)
            }
            "Fn::If" => {
                let [condition, then, otherwise] = self.arguments()?;
                let name = self.plain(condition)?;
                let holds = self.scope.condition(name);
                let holds = holds.ok_or_else(|| self.problem(format!("there is no condition `{name}`")))?;
                let branch = if holds { then } else { otherwise };
                self.scope.evaluate_at(branch, self.path, self.depth)
            }
            "Fn::FindInMap" => {
                let [map, first, second] = self.arguments()?;
                let keys = [self.string(map)?, self.string(first)?, self.string(second)?];
                let mut node = self.scope.root().get("Mappings");
                for key in &keys {
                    node = node.and_then(|node| node.get(key));
                }
                let node =
                    node.ok_or_else(|| self.problem(format!("there is no mapping {}", keys.join(" → "))))?;
                self.scope.evaluate_at(node, self.path, self.depth)
            }
            other => Err(self.problem(format!("the local stack does not know the function {other}"))),
        }
    }

    /// What a name refers to.
    fn reference(&self, name: &str) -> Result<Option<Property>, Problem> {
        let surroundings = self.scope.surroundings;
        let value = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::AccountId" => surroundings.account_id.clone(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::Region" => surroundings.region.clone(),
            "AWS::StackName" => surroundings.stack_name.clone(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            "AWS::StackId" => format!(
                "arn:aws:cloudformation:{}:{}:stack/{}/local",
                surroundings.region, surroundings.account_id, surroundings.stack_name
            ),
            name => match self.scope.parameter(name) {
                Some(Parameter::Text(text)) => text.clone(),
                Some(Parameter::List(items)) => {
                    let items = items.iter().map(|item| self.text(item.clone())).collect();
                    return Ok(Some(self.property(Value::List(items))));
                }
                None => match name.split_once('.') {
                    Some((id, generated)) => self.generated(id, generated)?,
                    None => identity::reference(self.scope, self.resource(name)?, self.depth)?,
                },
            },
        };
        Ok(Some(self.text(value)))
    }

    /// The name of what SAM makes besides a resource.
    fn generated(&self, id: &str, generated: &str) -> Result<String, Problem> {
        let resource = self.resource(id)?;
        let name = identity::generated(self.scope, resource, generated, self.depth)?;
        name.ok_or_else(|| {
            self.problem(format!(
                "the local stack knows no {generated} of {id}: only `.Alias` of a function with AutoPublishAlias and `.Stage` of an API"
            ))
        })
    }

    fn attribute(&self) -> Result<Property, Problem> {
        let (id, attribute) = match &self.argument.data {
            Data::Text(text) => match text.split_once('.') {
                Some((id, attribute)) => (id.to_owned(), attribute.to_owned()),
                None => return Err(self.problem("Fn::GetAtt takes `Resource.Attribute`")),
            },
            _ => {
                let [id, attribute] = self.arguments()?;
                (self.plain(id)?.to_owned(), self.string(attribute)?)
            }
        };
        self.attribute_of(&id, &attribute)
    }

    fn attribute_of(&self, id: &str, attribute: &str) -> Result<Property, Problem> {
        let resource = self.resource(id)?;
        let value = identity::attribute(self.scope, resource, attribute, self.depth)?;
        let unknown = || {
            self.problem(format!(
                "the local stack does not know the attribute {attribute} of {id}, which is an {}",
                resource.kind
            ))
        };
        value.map(|value| self.text(value)).ok_or_else(unknown)
    }

    /// `${Name}` and `${Name.Attribute}` are replaced, `${!Name}` is left as `${Name}`.
    fn substitute(&self) -> Result<Property, Problem> {
        let (template, variables) = match &self.argument.data {
            Data::Text(text) => (text.as_str(), &[][..]),
            _ => {
                let [template, variables] = self.arguments()?;
                (self.plain(template)?, variables.entries())
            }
        };
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("${") {
            text.push_str(before);
            let (name, after) =
                after.split_once('}').ok_or_else(|| self.problem("`${` is without its `}`"))?;
            match name.strip_prefix('!') {
                Some(literal) => {
                    text.push_str("${");
                    text.push_str(literal);
                    text.push('}');
                }
                None => text.push_str(&self.variable(name.trim(), variables)?),
            }
            rest = after;
        }
        text.push_str(rest);
        Ok(self.text(text))
    }

    fn variable(&self, name: &str, variables: &[(String, Node)]) -> Result<String, Problem> {
        if let Some((_, node)) = variables.iter().find(|(variable, _)| variable == name) {
            return self.string(node);
        }
        let value = match name.split_once('.') {
            Some((id, attribute)) => Some(self.attribute_of(id, attribute)?),
            None => self.reference(name)?,
        };
        match value {
            Some(value) => value.text().map(str::to_owned),
            None => Err(self.problem(format!("`{name}` has no value"))),
        }
    }

    fn resource(&self, id: &str) -> Result<&Resource<'_>, Problem> {
        self.scope.resource(id).ok_or_else(|| {
            self.problem(format!(
                "there is no parameter and no resource `{id}`, or the resource's condition does not hold"
            ))
        })
    }

    fn arguments<const N: usize>(&self) -> Result<&[Node; N], Problem> {
        let arguments = match &self.argument.data {
            Data::List(nodes) => nodes.as_slice().try_into().ok(),
            _ => None,
        };
        arguments.ok_or_else(|| self.problem(format!("{} takes a list of {N}", self.function)))
    }

    /// An argument that must be written as it is, without a function.
    fn plain<'n>(&self, node: &'n Node) -> Result<&'n str, Problem> {
        node.text().ok_or_else(|| self.problem(format!("{} takes a name here", self.function)))
    }

    fn value(&self, node: &Node) -> Result<Property, Problem> {
        let value = self.scope.evaluate_at(node, self.path, self.depth)?;
        value.ok_or_else(|| self.problem(format!("an argument of {} has no value", self.function)))
    }

    fn string(&self, node: &Node) -> Result<String, Problem> {
        // Nothing after a colon or a comma is an empty text to these functions.
        if node.data == Data::Nothing {
            return Ok(String::new());
        }
        self.value(node)?.text().map(str::to_owned)
    }

    fn list(&self, node: &Node) -> Result<Vec<String>, Problem> {
        self.value(node)?.texts()
    }

    fn text(&self, text: String) -> Property {
        self.property(Value::Text(text))
    }

    fn property(&self, value: Value) -> Property {
        Property { line: self.argument.line, path: self.path.to_owned(), value }
    }

    fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::new(self.argument.line, self.path, message)
    }
}
