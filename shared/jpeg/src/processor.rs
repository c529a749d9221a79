//! Chooses, once, what the processor does best. Hot loops are generic over [`Arithmetic`], and compiled once for each kind
//! of processor: with all of its instructions, so that also what is plain Rust in them becomes faster.

#[cfg(target_arch = "x86_64")]
use crate::transform::avx2::Avx2;
#[cfg(target_arch = "aarch64")]
use crate::transform::neon::Neon;
#[cfg(target_arch = "x86_64")]
use crate::transform::sse41::Sse41;
use crate::transform::{Arithmetic, Portable};

/// A kind of processor.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Processor {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Sse41(Sse41),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
}

/// Something that is worth being compiled for each kind of processor. All of it must be inlined.
pub(crate) trait Work {
    type Outcome;

    fn run<A: Arithmetic>(self, arithmetic: A) -> Self::Outcome;
}

impl Processor {
    /// The kind that this one is.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = Avx2::detect() {
            return Self::Avx2(avx2);
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(sse41) = Sse41::detect() {
            return Self::Sse41(sse41);
        }
        #[cfg(target_arch = "aarch64")]
        if let Some(neon) = Neon::detect() {
            return Self::Neon(neon);
        }
        Self::Portable
    }

    /// Does the work in the best way.
    pub(crate) fn run<W: Work>(self, work: W) -> W::Outcome {
        match self {
            Self::Portable => work.run(Portable),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.run(work),
            #[cfg(target_arch = "x86_64")]
            Self::Sse41(sse41) => sse41.run(work),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(neon) => neon.run(work),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
