//! Who computes the innermost loops of products.

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
use super::loops::Loops;
#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
use super::portable::Portable;

/// `$call` with the loops of a kernel as `$loops`: everything inside is compiled for each of them.
macro_rules! with_loops {
    ($kernel:expr, $loops:ident => $call:expr) => {
        match $kernel {
            #[cfg(target_arch = "x86_64")]
            $crate::engine::product::kernel::Kernel::Avx512($loops) => $call,
            #[cfg(target_arch = "x86_64")]
            $crate::engine::product::kernel::Kernel::Avx2($loops) => $call,
            #[cfg(target_arch = "aarch64")]
            $crate::engine::product::kernel::Kernel::Neon($loops) => $call,
            $crate::engine::product::kernel::Kernel::Portable($loops) => $call,
        }
    };
}
pub(super) use with_loops;

/// One set of innermost loops.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum Kernel {
    /// For AVX-512.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    /// For AVX2 with FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// For NEON.
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
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

    /// The loops for AVX2 with FMA, where the processor has both.
    pub(super) fn avx2() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        return Avx2::detect().map(Self::Avx2);
        #[cfg(not(target_arch = "x86_64"))]
        None
    }

    /// The loops for NEON, where the processor has it.
    pub(super) fn neon() -> Option<Self> {
        #[cfg(target_arch = "aarch64")]
        return Neon::detect().map(Self::Neon);
        #[cfg(not(target_arch = "aarch64"))]
        None
    }

    /// The loops for any processor.
    pub(super) fn portable() -> Self {
        Self::Portable(Portable)
    }

    /// The most rows of a tile.
    pub(super) fn rows(self) -> usize {
        fn of<L: Loops>(_: L) -> usize {
            L::ROWS
        }
        with_loops!(self, loops => of(loops))
    }
}
