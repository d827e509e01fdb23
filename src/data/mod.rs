//! Data: MNIST and the crate's own digits. Pixels stay `u8`; a batch is converted as it is drawn.
