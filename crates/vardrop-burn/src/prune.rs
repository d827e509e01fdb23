//! Pruning: weights that are nothing but noise become 0 (Molchanov, Ashukha & Vetrov 2017, section 4.3).

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::{Bool, Tensor};
use vardrop::sparse::{LayerSparsity, SparseLayer};

use crate::walk::find;

/// ln σ² of a weight that was pruned: it adds no noise that single precision sees.
const PRUNED_LOG_VARIANCE: f64 = -50.0;

/// How many weights of each sparse layer have ln α at most `threshold`, in the order of the model's fields.
/// [`vardrop::network::PRUNING_THRESHOLD`] is the published one.
///
/// ```
/// use burn::tensor::Device;
/// use vardrop_burn::{SparseLinearConfig, sparsity};
///
/// // Weights of about 0.3 and σ² = e⁻²⁰: none is noise.
/// let layer = SparseLinearConfig::new(10, 5).with_log_variance(-20.0).init(&Device::default());
/// let layers = sparsity(&layer, 3.0);
/// assert!(layers[0].sparsity.kept >= 49);
/// assert!(vardrop::sparse::compression(layers.iter().map(|layer| layer.sparsity).collect::<Vec<_>>().as_slice()) < 1.1);
/// ```
pub fn sparsity<M: Module>(model: &M, threshold: f64) -> Vec<SparseLayer> {
    let layers = find(model).into_iter();
    layers
        .filter_map(|layer| {
            let log_alpha = layer.log_alpha()?.to_data();
            let shape = layer.weight?.shape;
            let kept: Vec<bool> = log_alpha.iter::<f64>().map(|log_alpha| log_alpha <= threshold).collect();
            // Linear weights are (in, out), those of convolutions (out, in, kernel).
            let outputs = if shape.len() == 2 { shape[1] } else { shape[0] };
            let inputs = kept.len() / outputs;
            let count = kept.iter().filter(|&&kept| kept).count();
            let filters =
                (shape.len() > 2).then(|| kept.chunks(inputs).filter(|filter| filter.contains(&true)).count());
            Some(SparseLayer {
                path: layer.path,
                shape,
                sparsity: LayerSparsity { inputs, outputs, kept: count },
                filters,
            })
        })
        .collect()
}

/// The model with the means of all sparse weights whose ln α is above `threshold` at 0, and with no noise in them. Its
/// [`sparsity`] is the same; the weights that are left may be trained further.
pub fn prune<M: Module>(model: M, threshold: f64) -> M {
    let mut masks = HashMap::new();
    for layer in find(&model) {
        if let (Some(log_alpha), Some(weight), Some((noise, _))) = (layer.log_alpha(), &layer.weight, &layer.noise) {
            let gone = log_alpha.detach().greater_elem(threshold);
            masks.insert(weight.id, (gone.clone(), 0.0));
            masks.insert(*noise, (gone, PRUNED_LOG_VARIANCE));
        }
    }
    model.map(&mut Fill { masks })
}

struct Fill {
    masks: HashMap<ParamId, (Tensor<1, Bool>, f64)>,
}

impl ModuleMapper for Fill {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some((mask, value)) = self.masks.remove(&param.id) else { return param };
        param.map(|values| {
            let tracked = values.is_require_grad();
            let mask = mask.reshape(values.dims());
            let filled = values.detach().mask_fill(mask, value).detach();
            if tracked { filled.require_grad() } else { filled }
        })
    }
}
