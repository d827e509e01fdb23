//! The command line, as its users see it.

#![cfg(feature = "cli")]

mod evaluate;
mod files;
mod prune;
mod sweep;
mod sweep_folder;
mod table;
mod train;
mod variance;

#[path = "../support/mod.rs"]
mod support;
