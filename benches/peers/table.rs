//! What was measured, as a line of a Markdown table and as a JSON object.

use std::fmt;

use serde_json::{Value, json};

use super::contestant::Contestant;
use super::products::Split;
use super::{Size, Way};

/// One size, with the times of every contestant.
pub struct Row {
    size: Size,
    way: Way,
    threads: usize,
    contestants: Vec<Contestant>,
}

impl Row {
    pub fn new(size: Size, way: Way, threads: usize, contestants: Vec<Contestant>) -> Self {
        Self { size, way, threads, contestants }
    }

    fn ours(&self) -> f64 {
        self.contestants[0].median()
    }

    fn peers(&self) -> &[Contestant] {
        &self.contestants[1..self.contestants.len() - Split::ALL.len()]
    }

    /// The faster way of computing the products.
    fn limit(&self) -> f64 {
        self.contestants.iter().rev().take(Split::ALL.len()).map(Contestant::median).fold(f64::INFINITY, f64::min)
    }

    pub fn names(&self) -> Vec<String> {
        self.contestants.iter().map(|contestant| contestant.name.clone()).collect()
    }

    /// The table's head, under a line that says what was compared.
    pub fn header(&self) -> String {
        let described: Vec<_> = self.contestants.iter().take(1).chain(self.peers()).map(|c| &*c.description).collect();
        let peers: Vec<_> = self.peers().iter().map(|peer| peer.name.as_str()).collect();
        let ratios: Vec<_> = peers.iter().map(|peer| format!("{peer} / ours")).collect();
        let mut columns = vec!["method", "H", "minibatch", "ours"];
        columns.extend(&peers);
        columns.extend(ratios.iter().map(String::as_str));
        columns.extend(["ours / limit", "limit: the products alone"]);
        let marks = ["|---".to_owned(), "|---:".repeat(columns.len() - 1)].concat();
        format!(
            "Milliseconds per step; medians of {} turns; {}; products by {}; {}, {} threads; {}.\n\n| {} |\n{marks}|",
            self.contestants[0].times.len(),
            described.join(", "),
            self.way,
            processor(),
            self.threads,
            &now()[..10],
            columns.join(" | ")
        )
    }

    /// A JSON object with every turn, and where it comes from.
    pub fn record(&self) -> Value {
        let contestants: Vec<_> = self
            .contestants
            .iter()
            .map(|c| json!({"name": c.name, "description": c.description, "steps": c.steps, "ms": c.times, "peak_memory_mib": c.peak_memory_mib}))
            .collect();
        json!({
            "method": self.size.method,
            "width": self.size.width,
            "batch_size": self.size.batch_size,
            "products": self.way,
            "threads": self.threads,
            "contestants": contestants,
            "ours_ms": self.ours(),
            "limit_ms": self.limit(),
            "peak_memory_mib": self.contestants[0].peak_memory_mib,
            "machine": processor(),
            "commit": option_env!("VARDROP_COMMIT"),
            "finished": now(),
        })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ours, limit) = (self.ours(), self.limit());
        write!(f, "| {} | {} | {} | {}", self.size.method, self.size.width, self.size.batch_size, Ms(ours))?;
        self.peers().iter().try_for_each(|peer| write!(f, " | {}", Ms(peer.median())))?;
        self.peers().iter().try_for_each(|peer| write!(f, " | {:.2}", peer.median() / ours))?;
        write!(f, " | {:.3} | {} |", ours / limit, Ms(limit))
    }
}

/// Milliseconds to three digits or more.
struct Ms(f64);

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = if self.0 < 10.0 { 3 } else { 1 };
        write!(f, "{:.digits$}", self.0)
    }
}

fn now() -> String {
    humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string()
}

/// The processor's name, where the system tells it.
fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or(std::env::consts::ARCH, |(_, name)| name).to_owned()
}
