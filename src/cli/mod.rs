//! The command line: parse, call the library, print.

mod report;

pub use report::ReportArgs;
