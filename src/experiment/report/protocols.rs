//! By which protocol each point of Figure 1 was trained.

use std::collections::BTreeSet;

use super::{Records, figure1_summaries};
use crate::error::Result;
use crate::experiment::Summary;
use crate::table::{Cell, Table};
use crate::training::Protocol;

/// For each method and width the epochs and Adam's step size of its runs, and below the table what all of them share.
///
/// # Errors
/// Runs of two protocols for one point, or of two data sets.
pub fn protocols(records: &Records) -> Result<Table> {
    let summaries = figure1_summaries(records)?;
    let widths: BTreeSet<usize> = summaries.iter().filter_map(Summary::width).collect();
    let mut table =
        Table::new(["Method".to_owned()].into_iter().chain(widths.iter().map(|width| format!("{width} units"))));
    let of_method = summaries.chunk_by(|a, b| a.method == b.method);
    for group in of_method {
        let at = |width: &usize| {
            let summary = group.iter().find(|summary| summary.width() == Some(*width));
            Cell::from(summary.map(|Summary { protocol, .. }| {
                let falls = if protocol.constant_epochs < protocol.epochs { ", falling" } else { "" };
                format!("{} × {:e}{falls}", protocol.epochs, protocol.learning_rate)
            }))
        };
        table.push([Cell::from(group[0].method)].into_iter().chain(widths.iter().map(at)).collect::<Vec<_>>());
    }
    let protocols: Vec<&Protocol> = summaries.iter().map(|summary| &summary.protocol).collect();
    let shared = [
        shared(&protocols, "minibatches of", |protocol| protocol.batch_size),
        shared(&protocols, "averaging of the parameters", |protocol| protocol.averaging),
        shared(&protocols, "images held out", |protocol| protocol.held_out),
        shared(&protocols, "step of ln α, times as large", |protocol| protocol.alpha_step),
    ];
    let shared = if protocols.is_empty() { String::new() } else { format!(" For all: {}.", shared.join(", ")) };
    Ok(table.caption(format!("Epochs × Adam's step size.{shared}")))
}

/// A setting's name and its value, or its values.
fn shared<T: ToString>(protocols: &[&Protocol], name: &str, setting: impl Fn(&Protocol) -> T) -> String {
    let values: BTreeSet<String> = protocols.iter().map(|protocol| setting(protocol).to_string()).collect();
    let values: Vec<String> = values.into_iter().collect();
    format!("{name} {}", values.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Method;
    use crate::experiment::tests::record;

    #[test]
    fn each_point_has_its_epochs_and_its_step_size() {
        let mut smaller = record(Method::Binary, 250, 1, 1.0);
        (smaller.protocol.epochs, smaller.protocol.constant_epochs) = (120, 60);
        smaller.protocol.learning_rate = 3e-4;
        smaller.protocol.alpha_step = 1.0;
        let records = Records::from_iter([record(Method::None, 100, 1, 1.0), smaller]);
        let markdown = protocols(&records).unwrap().to_markdown();
        let epochs = record(Method::None, 100, 1, 1.0).protocol.epochs;
        assert!(markdown.contains("| Method | 100 units | 250 units |"), "{markdown}");
        assert!(markdown.contains(&format!("| No dropout | {epochs} × 1e-3 |  |")), "{markdown}");
        assert!(markdown.contains("| Binary dropout |  | 120 × 3e-4, falling |"), "{markdown}");
        assert!(markdown.contains("step of ln α, times as large 1 or 20"), "{markdown}");
        let nothing = protocols(&Records::default()).unwrap();
        assert!(nothing.is_empty() && !nothing.to_markdown().contains("For all"));
    }
}
