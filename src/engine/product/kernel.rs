//! Who computes the innermost loops of products.

#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
use super::portable::Portable;

/// One set of innermost loops.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum Kernel {
    /// For AVX-512.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    /// For any processor.
    Portable(Portable),
}

impl Kernel {
    /// The loops for AVX-512, where the processor has it.
    pub(super) fn avx512() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        return Avx512::detect().map(Self::Avx512);
        #[cfg(not(target_arch = "x86_64"))]
        None
    }

    /// The loops for any processor.
    pub(super) fn portable() -> Self {
        Self::Portable(Portable)
    }
}

/// `$call` with the loops of a kernel as `$loops`: everything inside is compiled for each of them.
macro_rules! with_loops {
    ($kernel:expr, $loops:ident => $call:expr) => {
        match $kernel {
            #[cfg(target_arch = "x86_64")]
            $crate::engine::product::kernel::Kernel::Avx512($loops) => $call,
            $crate::engine::product::kernel::Kernel::Portable($loops) => $call,
        }
    };
}
pub(super) use with_loops;
