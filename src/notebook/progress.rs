//! Progress as a notebook shows it: few lines, because none can be written over an earlier one.

use crate::training::Progress;

/// For [`train`](crate::training::train) and [`snapshots`](crate::training::snapshots): prints the first epoch, with the time that is
/// left, and the last one of each quarter of the training.
pub fn print_quarters(progress: Progress<'_>) {
    if let Progress::Epoch { epoch, epochs, .. } = &progress
        && is_quarter(epoch.epoch, *epochs)
    {
        println!("{progress}");
    }
}

fn is_quarter(epoch: usize, epochs: usize) -> bool {
    epoch == 1 || 4 * epoch / epochs.max(1) > 4 * (epoch - 1) / epochs.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_epoch_and_the_end_of_each_quarter_are_printed() {
        let printed = |epochs: usize| (1..=epochs).filter(|&epoch| is_quarter(epoch, epochs)).collect::<Vec<_>>();
        assert_eq!(printed(100), [1, 25, 50, 75, 100]);
        assert_eq!(printed(30), [1, 8, 15, 23, 30]);
        assert_eq!(printed(2), [1, 2]);
    }
}
