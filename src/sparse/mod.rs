//! Sparse networks: what sparse variational dropout (Molchanov, Ashukha & Vetrov 2017) leaves once the weights that are noise
//! are taken out.
//!
//! [`prune`] sets the weights with ln α above a threshold to 0; [`fine_tune`] trains those that are left;
//! [`SparseNetwork`] holds and multiplies only these; [`PruneRecord`] keeps what came of it, and [`pruning_table`] puts it
//! beside what was published. [`LeNet5Record`] is of the convolutional network, which the crate vardrop-burn trains.

mod file;
mod fine_tune;
mod lenet5;
mod network;
mod pruning;
mod record;

pub use file::{SparseInfo, SparseModel};
pub use fine_tune::fine_tune;
pub use lenet5::{LENET5_PUBLISHED, LeNet5Epoch, LeNet5Record, PrunedAt, SparseLayer, lenet5_table};
pub use network::SparseNetwork;
pub use pruning::{LayerSparsity, compression, layer_sparsity, prune};
pub use record::{Errors, PruneRecord, PruningErrors, pruning_table, sparse_table};
