//! What the repository holds together: code and documents, plans and records, every text, and what is written and read again.

mod architecture;
mod corpus;
mod documents;
mod messages;
mod protocols;
mod roundtrip_models;
mod roundtrip_records;
mod roundtrip_results;
mod roundtrip_tables;

#[path = "../support/sources.rs"]
mod sources;

/// A file of a test's own.
struct Place {
    _folder: tempfile::TempDir,
    path: std::path::PathBuf,
}

impl Place {
    fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        Self { _folder: folder, path }
    }
}
