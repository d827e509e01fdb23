//! Where a record comes from: the program, the machine and the moment. Every kind of record holds it, at its end.

use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::engine::Products;

/// Which program made a record, how, on what and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Peak memory of the process so far in MiB, where the system tells it.
    pub peak_memory_mib: Option<f64>,
    /// The processor, and how it computed products.
    #[serde(flatten)]
    pub machine: Machine,
    /// The crate's version.
    pub version: String,
    /// The commit of the source tree, where it was run from one; `-dirty` behind it where that had changes.
    pub commit: Option<String>,
    /// The command line that made it.
    pub command: String,
    /// When it ended, RFC 3339 in UTC.
    pub finished: String,
}

/// What numbers were computed on: two machines that differ in it agree to rounding, and not bit for bit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name; of a run that went on on another one, both. Older records have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// The way in which an engine computes products there, such as `avx512` or `blas` ([`Products`]); of a run that went on in another one, both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub products: Option<String>,
}

/// Between the names of the machines of one run.
const MOVED: &str = ", then ";

impl Machine {
    /// This one, with the way that [`Products::chosen`] says.
    pub fn here() -> Self {
        Self { processor: Some(processor()), products: Products::chosen().ok().map(|products| products.to_string()) }
    }

    /// Whether the two are known to differ.
    pub fn differs(&self, other: &Self) -> bool {
        let differ = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
        differ(&self.processor, &other.processor) || differ(&self.products, &other.products)
    }

    /// Of a run that began on this machine and continues on another.
    pub(crate) fn then(self, next: Self) -> Self {
        let both = |a: Option<String>, b: Option<String>| match (a, b) {
            // Back on the last of them, nothing is new.
            (Some(a), Some(b)) if a == b || a.ends_with(&format!("{MOVED}{b}")) => Some(a),
            (Some(a), Some(b)) => Some(format!("{a}{MOVED}{b}")),
            (a, b) => a.or(b),
        };
        Self { processor: both(self.processor, next.processor), products: both(self.products, next.products) }
    }

    /// The machines, where they are more than one, as a phrase: `A (avx512) and B (blas)`. Those that do not say what they are do not
    /// count.
    pub fn mixture<'a>(machines: impl IntoIterator<Item = &'a Self>) -> Option<String> {
        let mut names: Vec<String> =
            machines.into_iter().filter(|machine| **machine != Self::default()).map(Self::to_string).collect();
        names.sort();
        names.dedup();
        (names.len() > 1 || names.iter().any(|name| name.contains(MOVED))).then(|| names.join(" and "))
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknown = || "unknown".to_owned();
        let (processor, products) = (self.processor.clone(), self.products.clone());
        write!(f, "{} ({})", processor.unwrap_or_else(unknown), products.unwrap_or_else(unknown))
    }
}

impl Provenance {
    /// This process, now; `command` is its command line.
    pub fn now(command: impl Into<String>) -> Self {
        Self {
            peak_memory_mib: peak_memory_mib(),
            machine: Machine::here(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: option_env!("VARDROP_COMMIT").map(str::to_owned),
            command: command.into(),
            finished: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        }
    }
}

/// Puts a record among others, where the one that finished last stands for all that are the same. Answers whether one was the same.
pub(crate) fn insert_latest<T>(
    records: &mut Vec<T>,
    new: T,
    provenance: fn(&T) -> &Provenance,
    is_same: fn(&T, &T) -> bool,
) -> bool {
    let found = records.iter_mut().find(|record| is_same(record, &new));
    let is_known = found.is_some();
    match found {
        // RFC 3339 in UTC sorts as text.
        Some(record) if provenance(record).finished <= provenance(&new).finished => *record = new,
        Some(_) => {}
        None => records.push(new),
    }
    is_known
}

/// The most memory that this process has had in use at once, in MiB; `None` where the system does not tell (it is read
/// from Linux's /proc).
pub fn peak_memory_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((kibibytes / 1024.0 * 10.0).round() / 10.0)
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
pub(crate) mod tests {
    use super::*;

    /// A provenance, made up.
    pub(crate) fn provenance() -> Provenance {
        Provenance {
            peak_memory_mib: None,
            machine: Machine::default(),
            version: "0.1.0".to_owned(),
            commit: None,
            command: "vardrop train".to_owned(),
            finished: "2026-01-01T00:00:00Z".to_owned(),
        }
    }

    fn machine(processor: &str, products: &str) -> Machine {
        Machine { processor: Some(processor.to_owned()), products: Some(products.to_owned()) }
    }

    #[test]
    fn machines_differ_where_both_say_what_they_are() {
        let (a, b, unknown) = (machine("A", "avx512"), machine("A", "blas"), Machine::default());
        assert!(a.differs(&b) && a.differs(&machine("B", "avx512")));
        assert!(!a.differs(&a) && !a.differs(&unknown) && !unknown.differs(&a));
        assert_eq!(Machine::mixture([&a, &unknown, &a]), None);
        assert_eq!(Machine::mixture([&b, &a, &b]).unwrap(), "A (avx512) and A (blas)");
        assert_eq!(Machine::mixture([&a.then(b)]).unwrap(), "A (avx512, then blas)");
    }

    #[test]
    fn a_run_that_moves_names_every_machine_once_in_a_row() {
        let (a, b) = (machine("A", "avx512"), machine("B", "avx512"));
        let moved = a.clone().then(b.clone());
        assert_eq!(moved, machine("A, then B", "avx512"));
        assert_eq!((moved.clone().then(b), a.clone().then(a.clone())), (moved.clone(), a.clone()));
        assert_eq!(
            (moved.then(a.clone()), Machine::default().then(a.clone())),
            (machine("A, then B, then A", "avx512"), a)
        );
    }

    #[test]
    fn a_record_names_this_machine_and_an_older_one_reads_without() {
        let now = Provenance::now("vardrop train");
        let json = serde_json::to_value(&now).unwrap();
        assert!(!json["processor"].as_str().unwrap().is_empty(), "{json}");
        assert_eq!(json["products"], Products::chosen().unwrap().name());
        assert_eq!(serde_json::from_value::<Provenance>(json).unwrap(), now);
        let older = serde_json::to_value(provenance()).unwrap();
        assert!(older.get("processor").is_none() && older.get("products").is_none(), "{older}");
        assert_eq!(serde_json::from_value::<Provenance>(older).unwrap(), provenance());
    }

    #[test]
    fn the_processor_has_a_name_of_one_line() {
        let name = processor();
        assert!(!name.is_empty() && name.lines().count() == 1 && name == name.trim(), "{name:?}");
    }
}
