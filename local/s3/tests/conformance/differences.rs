//! What the other implementation does differently from S3, case by case.

use crate::report::Difference;

/// moto's server, at the version that `tests/clients/requirements.txt` names.
pub(crate) const OF_MOTO: &[Difference] = &[];
