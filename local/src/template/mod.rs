//! Reading template.yaml: what runs here is what deploys there.

mod api;
mod blueprint;
mod evaluate;
mod identity;
mod node;
mod permission;
mod problem;
mod properties;
mod property;
mod reading;
mod scope;
mod wiring;

pub use blueprint::{Blueprint, FunctionPlan, TemplateSource};
pub use permission::Permission;
pub use problem::{Problem, TemplateError};
pub use scope::Surroundings;
