//! Every check, in the order in which they are run: a module each.

use crate::check::Check;

/// All of them.
pub(crate) fn all() -> Vec<&'static dyn Check> {
    vec![]
}
