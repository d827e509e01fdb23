//! Finds the layers of this crate in any model, by walking its modules.
//!
//! `#[derive(Module)]` has a visitor enter every field that holds a module, and says the type of the struct that the field is in.
//! Nobody lists layers, so none is forgotten. What the walk does not reach is what Burn itself does not train or save: fields with
//! `#[module(skip)]`.

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Int, Tensor};

use crate::kl::{log_alpha, negative_kl, normal_negative_kl, sum_of_sparse_negative_kl};

/// The layers whose weights have a posterior, as the visitor is told of them.
const WEIGHT_LAYERS: [&str; 3] = ["Struct:BayesianLinear", "Struct:BayesianConv1d", "Struct:BayesianConv2d"];
const DROPOUT: &str = "Struct:VariationalDropout";

/// What a layer of this crate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Type A, α learned.
    VariationalDropout,
    /// Type B, α learned.
    Variational,
    /// Type B, α fixed: without a KL term.
    Fixed,
    /// Sparse variational dropout.
    Sparse,
    /// A Gaussian prior.
    MeanField,
}

/// A weight's parameter and its values in a row.
#[derive(Debug, Clone)]
pub(crate) struct Weight {
    pub(crate) id: ParamId,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Tensor<1>,
}

/// A layer of this crate in a model.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Its place: the names of the fields that lead to it.
    pub(crate) path: String,
    pub(crate) kind: Kind,
    /// Nothing with type A.
    pub(crate) weight: Option<Weight>,
    /// ln α or ln σ², and its parameter; of fixed rates nothing.
    pub(crate) noise: Option<(ParamId, Tensor<1>)>,
    prior_deviation: Option<Tensor<1>>,
    variables: Option<Tensor<1, Int>>,
}

impl Found {
    /// −KL, `[1]`; nothing where there is no KL term.
    pub(crate) fn negative_kl(&self) -> Option<Tensor<1>> {
        let (_, noise) = self.noise.clone()?;
        let weight = || self.weight.clone().expect("the walk has met the weights").values;
        Some(match self.kind {
            Kind::Fixed => return None,
            Kind::VariationalDropout => {
                let variables = self.variables.clone().expect("the walk has met the number of variables");
                let kl = negative_kl(noise).sum();
                let variables = variables.float().cast(kl.dtype());
                kl * variables
            }
            Kind::Variational => {
                let (variables, [values]) = (weight().dims()[0], noise.dims());
                // One noise variable for each weight, also where weights share an α.
                negative_kl(noise).sum() * (variables as f64 / values as f64)
            }
            Kind::Sparse => sum_of_sparse_negative_kl(weight(), noise),
            Kind::MeanField => {
                let deviation = self.prior_deviation.clone().expect("the walk has met the prior").detach();
                normal_negative_kl(weight(), noise, deviation).sum()
            }
        })
    }

    /// ln α of each weight: of a sparse layer.
    pub(crate) fn log_alpha(&self) -> Option<Tensor<1>> {
        match (self.kind, &self.weight, &self.noise) {
            (Kind::Sparse, Some(weight), Some((_, noise))) => Some(log_alpha(weight.values.clone(), noise.clone())),
            _ => None,
        }
    }
}

/// All layers of this crate in a model, in the order of its fields.
pub(crate) fn find<M: Module>(model: &M) -> Vec<Found> {
    let mut walk = Walk::default();
    model.visit(&mut walk);
    walk.found
}

#[derive(Default)]
struct Walk {
    path: Vec<(String, String)>,
    found: Vec<Found>,
    // Of the layer that is being visited; layers hold no layers.
    weight: Option<Weight>,
    rates: Option<(ParamId, Tensor<1>)>,
    log_variance: Option<(ParamId, Tensor<1>, Kind)>,
    prior_deviation: Option<Tensor<1>>,
}

impl Walk {
    /// The layer that has been visited.
    fn add(&mut self, kind: Kind, noise: Option<(ParamId, Tensor<1>)>, variables: Option<Tensor<1, Int>>) {
        let above = &self.path[..self.path.len() - 1];
        let path = above.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(".");
        let (weight, prior_deviation) = (self.weight.take(), self.prior_deviation.take());
        self.found.push(Found { path, kind, weight, noise, prior_deviation, variables });
    }
}

impl ModuleVisitor for Walk {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        // The first field of each layer.
        let starts = (name == "weight" && WEIGHT_LAYERS.contains(&container_type))
            || (name == "rates" && container_type == DROPOUT);
        if starts {
            (self.weight, self.rates, self.log_variance, self.prior_deviation) = (None, None, None, None);
        }
        self.path.push((name.to_owned(), container_type.to_owned()));
    }

    fn exit_module(&mut self, name: &str, container_type: &str) {
        if name == "posterior" && WEIGHT_LAYERS.contains(&container_type) {
            match (self.log_variance.take(), self.rates.take()) {
                (Some((id, noise, kind)), _) => self.add(kind, Some((id, noise)), None),
                (None, Some(rates)) => self.add(Kind::Variational, Some(rates), None),
                (None, None) => self.add(Kind::Fixed, None, None),
            }
        }
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some((name, container)) = self.path.last() else { return };
        let values = || param.val().reshape([-1]);
        match (name.as_str(), container.as_str()) {
            ("weight", container) if WEIGHT_LAYERS.contains(&container) => {
                self.weight = Some(Weight { id: param.id, shape: param.val().dims().to_vec(), values: values() });
            }
            ("Learned", "Enum:Rates") => self.rates = Some((param.id, values())),
            ("log_variance", "Struct:Sparse") => self.log_variance = Some((param.id, values(), Kind::Sparse)),
            ("log_variance", "Struct:MeanField") => self.log_variance = Some((param.id, values(), Kind::MeanField)),
            ("prior_deviation", "Struct:MeanField") => self.prior_deviation = Some(values()),
            _ => {}
        }
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        let of_dropout = self.path.last().is_some_and(|(name, container)| name == "variables" && container == DROPOUT);
        if of_dropout {
            let (rates, variables) = (self.rates.take(), Some(param.val().reshape([-1])));
            let kind = if rates.is_some() { Kind::VariationalDropout } else { Kind::Fixed };
            self.add(kind, rates, variables);
        }
    }
}
