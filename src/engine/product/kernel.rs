//! Whose registers the innermost loops of products use.

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
use super::choice::Products;
#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
use super::portable::Portable;
use super::simd::Simd;

/// One set of instructions.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum Kernel {
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
    Portable(Portable),
}

/// `$call` with a kernel's instructions as `$simd`: everything inside is compiled for each of them.
macro_rules! with_simd {
    ($kernel:expr, $simd:ident => $call:expr) => {
        match $kernel {
            #[cfg(target_arch = "x86_64")]
            $crate::engine::product::kernel::Kernel::Avx512($simd) => $call,
            #[cfg(target_arch = "x86_64")]
            $crate::engine::product::kernel::Kernel::Avx2($simd) => $call,
            #[cfg(target_arch = "aarch64")]
            $crate::engine::product::kernel::Kernel::Neon($simd) => $call,
            $crate::engine::product::kernel::Kernel::Portable($simd) => $call,
        }
    };
}
pub(super) use with_simd;

impl Kernel {
    /// What computes the products in one way; nothing where another library does, or where the processor lacks the instructions.
    pub(in crate::engine) fn of(way: Products) -> Option<Self> {
        match way {
            #[cfg(target_arch = "x86_64")]
            Products::Avx512 => Avx512::detect().map(Self::Avx512),
            #[cfg(target_arch = "x86_64")]
            Products::Avx2 => Avx2::detect().map(Self::Avx2),
            #[cfg(target_arch = "aarch64")]
            Products::Neon => Neon::detect().map(Self::Neon),
            Products::Portable => Some(Self::Portable(Portable)),
            _ => None,
        }
    }

    /// The most rows of a tile.
    pub(super) fn rows(self) -> usize {
        fn of<S: Simd>(_: S) -> usize {
            S::ROWS
        }
        with_simd!(self, simd => of(simd))
    }
}
