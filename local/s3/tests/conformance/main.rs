//! One suite that says what S3 does, asked of more than one S3.
//!
//! The embedded S3 is trusted by everything else in this workspace, so what it is held against must not be our own
//! reading of the documentation alone. Every case here states behaviour that AWS documents, drives it through the AWS
//! SDK (or plain HTTP where the SDK hides it), and runs against two servers that have nothing in common:
//!
//! * the embedded S3, which must pass every case;
//! * moto's server, which must pass every case but those in [`differences::OF_MOTO`], each with a sentence on what it
//!   does instead. A difference that is not listed fails the suite, and so does a listed one that is gone: the list is
//!   never out of date.
//!
//! Where the documentation is silent, there is no case.
//!
//! A case gets a [`stage::Stage`]: a client and an empty bucket of its own. Its name says what must hold. `make
//! conformance` prints the table; `CONFORMANCE_ONLY=listing` keeps the cases whose area or name has that in it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is a test")]

mod differences;
mod report;
mod server;
mod signing;
mod stage;
mod wire;

mod areas {
    //! The cases, by area.
    pub(crate) mod authorization;
    pub(crate) mod buckets;
    pub(crate) mod checksums;
    pub(crate) mod conditions;
    pub(crate) mod copies;
    pub(crate) mod deletions;
    pub(crate) mod errors;
    pub(crate) mod forms;
    pub(crate) mod keys;
    pub(crate) mod listing;
    pub(crate) mod metadata;
    pub(crate) mod multipart;
    pub(crate) mod objects;
    pub(crate) mod pages;
    pub(crate) mod parts;
    pub(crate) mod presigned;
    pub(crate) mod races;
    pub(crate) mod ranges;
    pub(crate) mod streams;
}

use report::Case;

/// Every case, area by area.
fn cases() -> Vec<Case> {
    [
        areas::buckets::cases(),
        areas::objects::cases(),
        areas::keys::cases(),
        areas::listing::cases(),
        areas::pages::cases(),
        areas::ranges::cases(),
        areas::metadata::cases(),
        areas::conditions::cases(),
        areas::races::cases(),
        areas::copies::cases(),
        areas::multipart::cases(),
        areas::parts::cases(),
        areas::deletions::cases(),
        areas::checksums::cases(),
        areas::streams::cases(),
        areas::authorization::cases(),
        areas::presigned::cases(),
        areas::forms::cases(),
        areas::errors::cases(),
    ]
    .concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_embedded_s3_passes_every_case() {
    let server = server::embedded().await;
    report::run(&server, cases()).await.must_agree_but_for(&[]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn moto_passes_every_case_but_the_differences_listed() {
    let server = server::moto().await;
    report::run(&server, cases()).await.must_agree_but_for(differences::OF_MOTO);
}
