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
        self == Self::DOUBLE || Kernel::of(self).is_some()
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

    /// What computes the products of an engine's numbers; nothing where BLAS does.
    ///
    /// # Errors
    /// A way that this machine has not.
    pub(in crate::engine) fn kernel<T: Real>(self) -> Result<Option<Kernel>> {
        if !self.is_available() {
            return Err(Error::argument("products", self, format!("what this machine has: {}", list())));
        }
        Ok(Kernel::of(self).filter(|_| is_single::<T>()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_chosen_by_its_name_and_by_nothing_else() {
        for way in Products::available() {
            assert_eq!(Products::choose(Some(way.name())).unwrap(), way);
            assert_eq!(way.kernel::<f32>().unwrap().is_none(), way == Products::DOUBLE);
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
}
