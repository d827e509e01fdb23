//! Which way the products of a step are computed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::kernel::Kernel;
use super::single::is_single;
use crate::Real;
use crate::error::{Error, Result};

/// A way to compute the products of a step in single precision. [`Self::DOUBLE`] computes those of double precision.
///
/// All ways give the same numbers, but for roundings.
///
/// ```
/// use vardrop::engine::Products;
/// assert!(Products::available().contains(&Products::Portable));
/// assert_eq!("blas".parse::<Products>()?, Products::Blas);
/// assert!("fast".parse::<Products>().unwrap_err().to_string().contains("avx512, avx2, blas, matrixmultiply, neon or portable"));
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Products {
    /// From packed factors and from lists of what is not zero, by AVX-512's instructions.
    Avx512,
    /// As [`Self::Avx512`], by the instructions of AVX2 with FMA.
    Avx2,
    /// As [`Self::Avx512`], by the instructions of NEON, on a 64-bit ARM processor.
    Neon,
    /// By BLAS, with every factor whole: in a build with the feature `blas`.
    Blas,
    /// By the crate matrixmultiply, with every factor whole: in a build without the feature `blas`.
    Matrixmultiply,
    /// As [`Self::Avx512`], by loops in plain Rust: slow, and on every processor.
    Portable,
}

impl Products {
    /// The environment variable that forces a way: one of the names, or `auto`, which is as if it were not set.
    pub const VARIABLE: &str = "VARDROP_PRODUCTS";

    /// All ways, those first that a machine takes first. By NEON a step was not timed, so that BLAS goes before it.
    pub const ALL: [Self; 6] = [Self::Avx512, Self::Avx2, Self::Blas, Self::Matrixmultiply, Self::Neon, Self::Portable];

    /// What computes the products of double precision, and of single precision where nothing is faster.
    pub const DOUBLE: Self = if cfg!(feature = "blas") { Self::Blas } else { Self::Matrixmultiply };

    /// The name that [`Self::VARIABLE`] and records use, such as `avx512`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Neon => "neon",
            Self::Blas => "blas",
            Self::Matrixmultiply => "matrixmultiply",
            Self::Portable => "portable",
        }
    }

    /// The ways that this machine has, the one first that it takes.
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|way| way.is_available()).collect()
    }

    /// Whether this machine and this build have it.
    pub fn is_available(self) -> bool {
        self == Self::DOUBLE || self.loops().is_some()
    }

    /// The way that [`Engine::new`](crate::engine::Engine::new) takes: the one that the environment variable `VARDROP_PRODUCTS` names, or else
    /// the first that this machine has.
    ///
    /// # Errors
    /// A variable that names no way, or one that this machine has not.
    pub fn chosen() -> Result<Self> {
        Self::choose(std::env::var_os(Self::VARIABLE).map(|value| value.to_string_lossy().into_owned()).as_deref())
    }

    fn choose(value: Option<&str>) -> Result<Self> {
        match value {
            None | Some("" | "auto") => Ok(Self::available()[0]),
            Some(name) => match name.parse::<Self>() {
                Ok(way) if way.is_available() => Ok(way),
                _ => Err(Error::argument(Self::VARIABLE, name, format!("auto, or what this machine has: {}", list()))),
            },
        }
    }

    /// Its loops; nothing where another library computes the products, or where the processor lacks what the loops need.
    pub(super) fn loops(self) -> Option<Kernel> {
        match self {
            Self::Avx512 => Kernel::avx512(),
            Self::Avx2 => Kernel::avx2(),
            Self::Neon => Kernel::neon(),
            Self::Portable => Some(Kernel::portable()),
            Self::Blas | Self::Matrixmultiply => None,
        }
    }

    /// The loops that compute the products of an engine's numbers; nothing where BLAS does.
    ///
    /// # Errors
    /// A way that this machine has not.
    pub(in crate::engine) fn kernel<T: Real>(self) -> Result<Option<Kernel>> {
        if !self.is_available() {
            return Err(Error::argument("products", self, format!("what this machine has: {}", list())));
        }
        Ok(self.loops().filter(|_| is_single::<T>()))
    }

    /// The way of an engine that has these loops.
    pub(in crate::engine) fn of(kernel: Option<Kernel>) -> Self {
        match kernel {
            #[cfg(target_arch = "x86_64")]
            Some(Kernel::Avx512(_)) => Self::Avx512,
            #[cfg(target_arch = "x86_64")]
            Some(Kernel::Avx2(_)) => Self::Avx2,
            #[cfg(target_arch = "aarch64")]
            Some(Kernel::Neon(_)) => Self::Neon,
            Some(Kernel::Portable(_)) => Self::Portable,
            None => Self::DOUBLE,
        }
    }
}

/// What this machine has, as a phrase.
fn list() -> String {
    phrase(&Products::available())
}

fn phrase(ways: &[Products]) -> String {
    let names: Vec<_> = ways.iter().map(|way| way.name()).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

impl fmt::Display for Products {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Products {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|way| way.name() == name);
        found.ok_or_else(|| Error::argument("products", name, phrase(&Self::ALL)))
    }
}

/// The processor's name, such as "AMD EPYC 9654 96-Core Processor"; its architecture where it does not say.
pub fn processor() -> String {
    let brand = brand().filter(|name| !name.is_empty());
    brand.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// What the processor itself says.
#[cfg(all(target_arch = "x86_64", not(miri)))]
fn brand() -> Option<String> {
    use std::arch::x86_64::__cpuid;
    const FIRST: u32 = 0x8000_0002;
    const LAST: u32 = 0x8000_0004;
    if __cpuid(0x8000_0000).eax < LAST {
        return None;
    }
    let words = (FIRST..=LAST).map(__cpuid).flat_map(|part| [part.eax, part.ebx, part.ecx, part.edx]);
    let bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).take_while(|&byte| byte != 0).collect();
    Some(String::from_utf8_lossy(&bytes).split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
fn brand() -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_chosen_by_its_name_and_by_nothing_else() {
        for way in Products::available() {
            assert_eq!(Products::choose(Some(way.name())).unwrap(), way);
            assert_eq!(way.kernel::<f32>().unwrap().is_none(), way == Products::DOUBLE);
            assert_eq!(Products::of(way.kernel::<f32>().unwrap()), way);
            assert!(way.kernel::<f64>().unwrap().is_none());
        }
        for default in [None, Some(""), Some("auto")] {
            assert_eq!(Products::choose(default).unwrap(), Products::available()[0]);
        }
        for unknown in ["fast", "AVX512", "blas "] {
            let message = Products::choose(Some(unknown)).unwrap_err().to_string();
            assert!(message.starts_with(&format!("VARDROP_PRODUCTS is {unknown}: expected auto, or")), "{message}");
            assert!(message.ends_with(" or portable"), "{message}");
        }
    }

    #[test]
    fn a_way_that_the_machine_has_not_is_refused_and_what_it_has_is_named() {
        for way in Products::ALL.into_iter().filter(|way| !way.is_available()) {
            let messages = [Products::choose(Some(way.name())).unwrap_err(), way.kernel::<f32>().unwrap_err()];
            for message in messages.map(|error| error.to_string()) {
                assert!(message.contains(way.name()) && message.ends_with(" or portable"), "{message}");
            }
        }
    }

    #[test]
    fn the_processor_has_a_name_of_one_line() {
        let name = processor();
        assert!(!name.is_empty() && name.lines().count() == 1 && name == name.trim(), "{name:?}");
    }
}
