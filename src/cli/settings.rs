//! The settings of a training that both `train` and `variance` have as options.

use clap::Args;
use vardrop::layers::Activation;
use vardrop::likelihood::Family;
use vardrop::optimizer::{Algorithm, AlphaBound, Schedule};
use vardrop::training::Protocol;

/// What changes a protocol.
#[derive(Debug, Args)]
pub struct SettingArgs {
    /// Step size of the optimizer [default: as in the protocol: 0.001 or 0.0003 for figure1, by method and width, 0.0001 for
    /// table1, 0.001 for the others]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    learning_rate: Option<f64>,
    /// Epoch after which the step size falls, reaching 0 at the last one [default: as in the protocol: it never falls, or after half
    /// of the epochs for sparse; 0 with --schedule]
    #[arg(long, value_name = "N")]
    constant_epochs: Option<usize>,
    /// Epochs between which the weight of the KL term grows from 0 to its full value [default: as in the protocol: full from the
    /// start, or for sparse from a fortieth to a tenth of the epochs: 5,20 of 200]
    #[arg(long, value_name = "FROM,TO", value_parser = warm_up)]
    kl_warm_up: Option<[f64; 2]>,
    /// How many times larger the step for ln α is [default: as in the protocol: 1, or 20 for first]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    alpha_step: Option<f64>,
    /// What keeps a learned α at 1 or below: projection after each step of ln α, or sigmoid, steps of its logit [default: projection]
    #[arg(long, value_name = "NAME")]
    alpha_bound: Option<AlphaBound>,
    /// Decay of the moving average of the parameters, from 0 (no average) to below 1 [default: as in the protocol: 0.9998 for
    /// figure1, 0.99 for a table of fewer than 10,000 rows, 0.999 for the others]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    averaging: Option<f64>,
    /// What the outputs predict: categorical (classes), gaussian (real values, with a learned variance), gaussian-predicted (a
    /// variance for each example) or gaussian-fixed:VARIANCE (of the standardised targets) [default: as the targets are]
    #[arg(long, value_name = "FAMILY")]
    likelihood: Option<Family>,
    /// Activation of the hidden units: relu, tanh, sigmoid, softplus, gelu, leaky-relu, identity [default: relu]
    #[arg(long, value_name = "NAME")]
    activation: Option<Activation>,
    /// Optimizer: adam, sgd or sgd:MOMENTUM [default: adam]
    #[arg(long, value_name = "NAME")]
    optimizer: Option<Algorithm>,
    /// How the step size falls: linear or cosine [default: linear, after --constant-epochs]
    #[arg(long, value_name = "NAME")]
    schedule: Option<Schedule>,
    /// Dropout rate of the input; its first value if it is learned [default: as in the protocol: 0.2, or 0.01 for a table]
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    input_rate: Option<f64>,
    /// Dropout rate of the hidden layers; its first value if it is learned [default: as in the protocol: 0.5, or 0.01 for a table]
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    hidden_rate: Option<f64>,
}

impl SettingArgs {
    /// What the outputs predict, where an option says it.
    pub fn likelihood(&self) -> Option<Family> {
        self.likelihood
    }

    /// Changes what the options name.
    pub fn change(&self, protocol: &mut Protocol) {
        if self.schedule.is_some() && protocol.constant_epochs == protocol.epochs {
            protocol.constant_epochs = 0;
        }
        protocol.constant_epochs = self.constant_epochs.unwrap_or(protocol.constant_epochs);
        protocol.kl_warm_up = self.kl_warm_up.or(protocol.kl_warm_up);
        protocol.learning_rate = self.learning_rate.unwrap_or(protocol.learning_rate);
        protocol.alpha_step = self.alpha_step.unwrap_or(protocol.alpha_step);
        protocol.alpha_bound = self.alpha_bound.unwrap_or(protocol.alpha_bound);
        protocol.averaging = self.averaging.unwrap_or(protocol.averaging);
        protocol.likelihood = self.likelihood.unwrap_or(protocol.likelihood);
        protocol.activation = self.activation.unwrap_or(protocol.activation);
        protocol.optimizer = self.optimizer.unwrap_or(protocol.optimizer);
        protocol.schedule = self.schedule.unwrap_or(protocol.schedule);
        protocol.input_rate = self.input_rate.unwrap_or(protocol.input_rate);
        protocol.hidden_rate = self.hidden_rate.unwrap_or(protocol.hidden_rate);
    }
}

/// Two epochs, such as `5,20`.
fn warm_up(text: &str) -> std::result::Result<[f64; 2], String> {
    let epochs: Vec<f64> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
    <[f64; 2]>::try_from(epochs).map_err(|_| "expected two epochs, such as 5,20".to_owned())
}
