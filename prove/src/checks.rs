//! Every check, in the order in which they are run: a module each.

mod conservation;
mod faults;
mod kills;
mod model;
mod reference;
mod soak;

use crate::check::Check;

/// All of them.
pub(crate) fn all() -> Vec<&'static dyn Check> {
    vec![
        &model::Convergence,
        &reference::Reference,
        &faults::Faults,
        &kills::Kills,
        &conservation::Conservation,
        &soak::Soak,
    ]
}
