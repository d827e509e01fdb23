//! LeNet-5 with each kind of noise, all from one trained network and with one variance.

use burn::module::Param;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};
use vardrop_burn::{
    Axis, BayesianConv2d, BayesianLinear, Estimator, GaussianDropoutConfig, MeanField, Multiplicative, Posterior,
    Rates, Sparse, VariationalDropoutConfig, kl_divergence,
};

use crate::deterministic::{LeNet5, logits};

/// The dropout rate of α = 0.25.
const RATE: f64 = 0.2;
const ALPHA: f64 = 0.25;

/// One kind of layers in the network.
pub struct Case {
    pub layers: &'static str,
    pub estimator: &'static str,
    pub forward: Box<dyn Fn(Tensor<4>) -> Tensor<2>>,
    /// The KL term, where there is one.
    pub kl: Option<Box<dyn Fn() -> Tensor<1>>>,
    /// The weights of the second convolution.
    pub conv: Tensor<4>,
    /// The weights of the first linear layer.
    pub linear: Tensor<2>,
}

/// All of them, the network without noise first.
pub fn all(trained: &LeNet5, device: &Device) -> Vec<Case> {
    let mut all = vec![deterministic(trained)];
    for (name, estimator) in [
        ("local reparameterization", Estimator::LocalReparameterization),
        ("flipout", Estimator::Flipout),
        ("weight sample", Estimator::WeightSample),
    ] {
        all.push(Case {
            layers: "`Variational…`",
            estimator: name,
            ..bayesian(trained, estimator, |weight| multiplicative(&weight), |weight| multiplicative(&weight))
        });
        all.push(Case {
            layers: "`Sparse…`",
            estimator: name,
            ..bayesian(trained, estimator, |weight| sparse(&weight), |weight| sparse(&weight))
        });
        all.push(Case {
            layers: "`MeanField…`",
            estimator: name,
            ..bayesian(trained, estimator, |weight| mean_field(&weight), |weight| mean_field(&weight))
        });
    }
    all.extend([gaussian_dropout(trained), variational_dropout(trained, device)]);
    all
}

fn deterministic(trained: &LeNet5) -> Case {
    let model = trained.clone();
    let (conv, linear) = (model.conv2.weight.val(), model.fc1.weight.val());
    Case {
        layers: "Burn's own, without noise",
        estimator: "",
        forward: Box::new(move |images| model.forward(images)),
        kl: None,
        conv,
        linear,
    }
}

fn gaussian_dropout(trained: &LeNet5) -> Case {
    let (model, dropout) = (trained.clone(), GaussianDropoutConfig::new(RATE).init());
    let forward = move |images| {
        logits(
            images,
            [&|x| model.conv1.forward(dropout.forward(x)), &|x| model.conv2.forward(dropout.forward(x))],
            [&|x| model.fc1.forward(dropout.forward(x)), &|x| model.fc2.forward(dropout.forward(x))],
        )
    };
    Case { layers: "`GaussianDropout`", estimator: "type A", forward: Box::new(forward), ..deterministic(trained) }
}

fn variational_dropout(trained: &LeNet5, device: &Device) -> Case {
    let model = trained.clone();
    let channels = |units| VariationalDropoutConfig::new(units).with_axis(Axis::Channel).init(device);
    let units = |units| VariationalDropoutConfig::new(units).init(device);
    let dropouts = [channels(1), channels(20), units(800), units(500)];
    let for_kl = dropouts.clone();
    let forward = move |images| {
        let [d1, d2, d3, d4] = dropouts.each_ref();
        logits(
            images,
            [&|x| model.conv1.forward(d1.forward(x)), &|x| model.conv2.forward(d2.forward(x))],
            [&|x| model.fc1.forward(d3.forward(x)), &|x| model.fc2.forward(d4.forward(x))],
        )
    };
    Case {
        layers: "`VariationalDropout`",
        estimator: "type A",
        forward: Box::new(forward),
        kl: Some(Box::new(move || kl_divergence(&for_kl))),
        ..deterministic(trained)
    }
}

fn bayesian<C: Posterior<4> + 'static, L: Posterior<2> + 'static>(
    trained: &LeNet5,
    estimator: Estimator,
    of_conv: impl Fn(Tensor<4>) -> C,
    of_linear: impl Fn(Tensor<2>) -> L,
) -> Case {
    let conv = |layer: &Conv2d| {
        let posterior = of_conv(layer.weight.val().detach());
        BayesianConv2d { estimator, ..BayesianConv2d::from_conv(layer.clone(), posterior) }
    };
    let linear = |layer: &Linear| {
        let posterior = of_linear(layer.weight.val().detach());
        BayesianLinear { estimator, ..BayesianLinear::from_linear(layer.clone(), posterior) }
    };
    let model = ((conv(&trained.conv1), conv(&trained.conv2)), (linear(&trained.fc1), linear(&trained.fc2)));
    let for_kl = model.clone();
    let forward = move |images| {
        let ((conv1, conv2), (fc1, fc2)) = &model;
        logits(images, [&|x| conv1.forward(x), &|x| conv2.forward(x)], [&|x| fc1.forward(x), &|x| fc2.forward(x)])
    };
    Case { forward: Box::new(forward), kl: Some(Box::new(move || kl_divergence(&for_kl))), ..deterministic(trained) }
}

fn multiplicative<const D: usize>(weight: &Tensor<D>) -> Multiplicative<D> {
    Multiplicative { rates: Rates::new(Tensor::full(weight.dims(), ALPHA.ln(), &weight.device()), true) }
}

/// ln σ² of α = 0.25.
fn log_variance<const D: usize>(weight: &Tensor<D>) -> Param<Tensor<D>> {
    Param::from_tensor((weight.clone().detach().square() * ALPHA + 1e-30).log().detach())
}

fn sparse<const D: usize>(weight: &Tensor<D>) -> Sparse<D> {
    Sparse { log_variance: log_variance(weight), zero_above: None }
}

fn mean_field<const D: usize>(weight: &Tensor<D>) -> MeanField<D> {
    let prior = Param::from_tensor(Tensor::ones([1], &weight.device())).set_require_grad(false);
    MeanField { log_variance: log_variance(weight), prior_deviation: prior }
}
