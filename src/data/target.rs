//! What a network is to predict of one example.

/// The target of one example: a class, or real values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target<'a> {
    /// A class, counted from 0.
    Class(usize),
    /// Real values, one for each quantity that is predicted.
    Values(&'a [f64]),
}
