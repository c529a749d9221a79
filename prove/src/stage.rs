//! What checks are played on: an embedded S3 or a whole stack, what lies between it and its clients, and tiny pictures.

pub(crate) mod access;
pub(crate) mod buckets;
pub(crate) mod deployment;
pub(crate) mod dice;
pub(crate) mod door;
pub(crate) mod effect;
pub(crate) mod front;
pub(crate) mod outputs;
pub(crate) mod pictures;
pub(crate) mod proxy;
pub(crate) mod weather;
pub(crate) mod wire;
