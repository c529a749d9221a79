//! What a role may do, so that a test can hold it against what a function does.
//!
//! Requests are not refused by it: the embedded services know one user, who may do everything.

use super::problem::Problem;
use super::property::{Property, Value};

/// One action that a role's policy allows on one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// Such as `s3:GetObject`.
    pub action: String,
    /// An ARN, in which `*` may stand for anything.
    pub resource: String,
}

/// Reads the policies of a role. Statements that deny, or that hold under a condition, are a mistake here: what they leave
/// can't be listed.
pub(super) fn read(policies: &Property) -> Result<Vec<Permission>, Problem> {
    let mut permissions = Vec::new();
    for policy in policies.items()? {
        let Some(statements) = policy.find(&["PolicyDocument", "Statement"])? else { continue };
        let alone = std::slice::from_ref(statements);
        let statements =
            if matches!(statements.value, Value::Map(_)) { alone } else { statements.items()? };
        for statement in statements {
            add(&mut permissions, statement)?;
        }
    }
    permissions.sort();
    permissions.dedup();
    Ok(permissions)
}

fn add(permissions: &mut Vec<Permission>, statement: &Property) -> Result<(), Problem> {
    let effect = statement.need("Effect")?;
    let plain = statement
        .entries()?
        .iter()
        .all(|(key, _)| ["Sid", "Effect", "Action", "Resource"].contains(&key.as_str()));
    if effect.text()? != "Allow" || !plain {
        return Err(statement
            .problem("the local stack reads statements that allow actions on resources, and no others"));
    }
    let resources = statement.need("Resource")?.texts()?;
    for action in statement.need("Action")?.texts()? {
        let granted = |resource: &String| Permission { action: action.clone(), resource: resource.clone() };
        permissions.extend(resources.iter().map(granted));
    }
    Ok(())
}
