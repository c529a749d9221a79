//! What a resource of a template says of itself.

use super::node::{Data, Node};
use super::problem::Problem;
use super::property::Property;
use super::scope::{Resource, Scope};

/// A resource's properties, each evaluated when it is asked for.
pub(super) struct Properties<'a> {
    scope: &'a Scope<'a>,
    node: Node,
    path: String,
}

impl<'a> Properties<'a> {
    pub(super) fn new(scope: &'a Scope<'a>, resource: &Resource<'_>, globals: Option<&Node>) -> Self {
        let nothing = Node { line: resource.node.line, data: Data::Map(Vec::new()) };
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
