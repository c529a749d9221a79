//! Every check, in the order in which they are run: a module each.

mod bombs;
mod conservation;
mod deadline;
mod determinism;
mod faults;
mod keys;
mod kills;
mod model;
mod privacy;
mod reference;
mod sizes;
mod soak;
mod supply_chain;

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
        &bombs::Bombs,
        &sizes::Sizes,
        &keys::Keys,
        &privacy::Privacy,
        &determinism::Determinism,
        &deadline::Deadline,
        &supply_chain::SupplyChain,
    ]
}
