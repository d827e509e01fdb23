//! Data: every reader, on good files and on bad ones.

mod command;
mod csv;
mod dataset;
mod faults;
mod fetch;
mod identity;
mod idx;
mod images;
mod mnist;
mod rows;
mod synthetic;
mod validation;

#[path = "../support/mod.rs"]
mod support;
