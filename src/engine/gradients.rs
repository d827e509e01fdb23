//! The parameters' gradients, from what the threads' rows left behind. Each thread computes some rows of every layer's, so
//! that no sum needs a lock and a run repeats bit for bit.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, s};

use super::derived::{Derived, PerLayer};
use super::product::{DEPTH, Kernel, Listed, Listing, MOST_LISTED, Transposed, single, single_mut, single_slice_mut};
use super::workspace::{LayerSpace, Workspace, head};
use crate::Real;
use crate::layers::{self, GradientRow, Layer};
use crate::network::{Network, Objective};
use crate::workers::{Split, Workers, share};

/// ∂objective/∂ of one layer's parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerGradient<T> {
    /// As the layer's weight.
    pub weight: Array2<T>,
    /// As the layer's bias.
    pub bias: Array1<T>,
    /// As what is learned of the layer's noise, ln α or ln σ²; empty where nothing is.
    pub noise: Array2<T>,
    /// (A²)ᵀ·G, where output noise has no array of that shape to put it in (an α that is fixed or shared).
    through_variance: Array2<T>,
    /// Of each input unit, twice the gradient of ln α: input noise on images that are mostly black.
    rate_sums: Array1<T>,
}

/// ∂objective/∂ of every parameter of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradients<T> {
    /// One entry a layer.
    pub layers: Vec<LayerGradient<T>>,
    /// Of ln σ² of the targets; empty where it is not learned.
    pub log_variance: Array1<T>,
}

impl<T: Real> Gradients<T> {
    pub(super) fn new(network: &Network<T>) -> Self {
        let layer = |layer: &Layer<T>| {
            let learned = layer.learned_noise().map_or((0, 0), |(_, values)| values.dim());
            let own_array = layer.has_output_noise() && learned != layer.dim();
            LayerGradient {
                weight: Array2::zeros(layer.dim()),
                bias: Array1::zeros(layer.dim().1),
                noise: Array2::zeros(learned),
                through_variance: Array2::zeros(if own_array { layer.dim() } else { (0, 0) }),
                rate_sums: Array1::zeros(if learns_input_noise(layer) { layer.dim().0 } else { 0 }),
            }
        };
        let targets = network.likelihood().log_variance().map_or(0, Array1::len);
        Self { layers: network.layers().iter().map(layer).collect(), log_variance: Array1::zeros(targets) }
    }

    /// The arrays in the order of [`Network::parameters`].
    pub fn tensors(&self) -> Vec<&[T]> {
        const ORDER: &str = "gradients are in standard layout";
        let mut all = Vec::new();
        for layer in &self.layers {
            all.push(layer.weight.as_slice().expect(ORDER));
            all.push(layer.bias.as_slice().expect(ORDER));
            if !layer.noise.is_empty() {
                all.push(layer.noise.as_slice().expect(ORDER));
            }
        }
        if !self.log_variance.is_empty() {
            all.push(self.log_variance.as_slice().expect(ORDER));
        }
        all
    }
}

impl<T> Gradients<T> {
    /// Every large array, whatever it is for.
    pub(super) fn arrays(&self) -> impl Iterator<Item = &[T]> {
        self.layers
            .iter()
            .flat_map(|layer| [&layer.weight, &layer.noise, &layer.through_variance])
            .filter_map(|a| a.as_slice())
    }
}

/// Whether a layer learns the rates of the noise on its input.
pub(super) fn learns_input_noise<T: Real>(layer: &Layer<T>) -> bool {
    layer.has_input_noise() && layer.learned_rates().is_some()
}

/// One thread's buffers.
#[derive(Debug)]
pub(super) struct Scratch<T> {
    transposed: Transposed,
    listed: Listed,
    /// A row of S.
    variance: Vec<T>,
    /// A block of A's columns, squared: where BLAS computes the products.
    squares: Array2<T>,
}

impl<T: Real> Scratch<T> {
    pub(super) fn new(network: &Network<T>) -> Self {
        Self {
            transposed: Transposed::default(),
            listed: Listed::default(),
            variance: vec![T::zero(); network.widths().into_iter().max().unwrap_or(0)],
            squares: Array2::zeros((0, 0)),
        }
    }
}

/// What the gradients are made from.
pub(super) struct Pass<'a, T> {
    pub(super) network: &'a Network<T>,
    pub(super) derived: &'a [Derived<T>],
    pub(super) spaces: &'a [Workspace<T>],
    pub(super) objective: Objective,
    /// Whether the minibatch's images are listed where they are not black.
    pub(super) listed: bool,
    /// Whether the way back went to the network's input.
    pub(super) back_to_input: bool,
}

/// Arrays of one layer's gradient, of which each thread fills some rows.
struct Targets<'a, T> {
    weight: Split<'a, T>,
    /// Where (A²)ᵀ·G goes: output noise; else empty.
    through_variance: Split<'a, T>,
    /// Where the gradient of ln α per unit goes: output noise with an α per unit; else empty.
    unit: Split<'a, T>,
    /// [`LayerGradient::rate_sums`].
    rate_sums: Split<'a, T>,
}

impl<'a, T: Real> Targets<'a, T> {
    fn of(gradient: &'a mut LayerGradient<T>, layer: &Layer<T>) -> Self {
        const ORDER: &str = "gradients are in standard layout";
        let per_weight = layer.has_output_noise() && gradient.noise.dim() == layer.dim();
        let per_unit = layer.has_output_noise() && !per_weight && gradient.noise.nrows() > 1;
        let noise = gradient.noise.as_slice_mut().expect(ORDER);
        let own = gradient.through_variance.as_slice_mut().expect(ORDER);
        let (through_variance, unit) = match (per_weight, per_unit) {
            (true, _) => (noise, &mut [][..]),
            (_, true) => (own, noise),
            _ => (own, &mut [][..]),
        };
        Self {
            weight: Split::new(gradient.weight.as_slice_mut().expect(ORDER)),
            through_variance: Split::new(through_variance),
            unit: Split::new(unit),
            rate_sums: Split::new(gradient.rate_sums.as_slice_mut().expect(ORDER)),
        }
    }
}

/// Fills `gradients` from the workspaces of the last minibatch.
pub(super) fn collect<T: Real>(
    gradients: &mut Gradients<T>,
    pass: &Pass<'_, T>,
    scratch: &mut [Scratch<T>],
    workers: &Workers,
) {
    let layers = pass.network.layers().iter().zip(&mut gradients.layers);
    let targets: PerLayer<_> = layers.map(|(layer, gradient)| Targets::of(gradient, layer)).collect();
    workers.each(scratch, |thread, scratch| {
        for (index, targets) in targets.iter().enumerate() {
            let inputs = pass.network.layers()[index].dim().0;
            let rows = share(inputs, UNIT, workers.count(), thread);
            if !rows.is_empty() {
                fill_rows(targets, rows, index, pass, scratch);
            }
        }
    });
    drop(targets);
    for (index, (layer, gradient)) in pass.network.layers().iter().zip(&mut gradients.layers).enumerate() {
        gradient.bias.fill(T::zero());
        for space in pass.spaces.iter().filter(|space| space.rows > 0) {
            gradient.bias += &space.layers[index].bias_sums;
        }
        let Some(rates) = layer.learned_rates() else { continue };
        if layer.has_input_noise() {
            if !pass.lists(index) || pass.back_to_input {
                gradient.rate_sums.fill(T::zero());
                for space in pass.spaces.iter().filter(|space| space.rows > 0) {
                    gradient.rate_sums += &space.layers[index].rate_sums;
                }
            }
            gradient.noise.fill(T::zero());
            let half = T::of(0.5);
            if gradient.noise.len() == 1 {
                gradient.noise[(0, 0)] = half * gradient.rate_sums.sum();
            } else {
                gradient.noise.column_mut(0).scaled_add(half, &gradient.rate_sums);
            }
            add_kl(&mut gradient.noise, &rates.log_alpha, pass.kl_scale(layer));
        } else if gradient.noise.len() == 1 && layer.weight.len() > 1 {
            // One α for the layer: its sum runs over every thread's rows.
            gradient.noise[(0, 0)] = gradient.through_variance.sum();
            add_kl(&mut gradient.noise, &rates.log_alpha, pass.kl_scale(layer));
        }
    }
    gradients.log_variance.fill(T::zero());
    for space in pass.spaces.iter().filter(|space| space.rows > 0) {
        gradients.log_variance += &space.log_variance_sums;
    }
}

/// Rows of a gradient's array that are not split between threads: two slivers of the products, a cache line of A.
const UNIT: usize = 16;

impl<T: Real> Pass<'_, T> {
    fn kl_scale(&self, layer: &Layer<T>) -> T {
        let objective = self.objective;
        let kl_weight = objective.kl_weight * layer.kl_weight;
        T::of(-kl_weight / objective.examples as f64 * layer.noise_variables_per_rate())
    }

    /// Whether a layer's input is listed.
    fn lists(&self, index: usize) -> bool {
        self.listed && index == 0
    }

    /// Stretches of the minibatch of at most [`DEPTH`] rows: for each the workspaces' rows in it.
    fn stretches(&self) -> impl Iterator<Item = Range<usize>> {
        let all: usize = self.spaces.iter().map(|space| space.rows).sum();
        (0..all).step_by(DEPTH).map(move |first| first..(first + DEPTH).min(all))
    }

    /// The rows of a stretch in an array of each workspace.
    fn parts(
        &self,
        stretch: Range<usize>,
        array: impl Fn(&Workspace<T>) -> ArrayView2<'_, T> + Clone,
    ) -> impl Iterator<Item = ArrayView2<'_, T>> + Clone {
        let mut before = 0;
        self.spaces.iter().filter_map(move |space| {
            let (first, last) = (stretch.start.max(before), stretch.end.min(before + space.rows));
            let rows = (first < last).then(|| first - before..last - before);
            before += space.rows;
            rows.map(|rows| array(space).slice_move(s![rows, ..]))
        })
    }
}

/// Rows `rows` of one layer's gradient.
fn fill_rows<T: Real>(
    targets: &Targets<'_, T>,
    rows: Range<usize>,
    index: usize,
    pass: &Pass<'_, T>,
    scratch: &mut Scratch<T>,
) {
    let layer = &pass.network.layers()[index];
    let outputs = layer.dim().1;
    let part = rows.start * outputs..rows.end * outputs;
    let noisy = layer.has_output_noise();
    // SAFETY: each thread has rows of its own.
    let (weight, through) =
        unsafe { (targets.weight.part(part.clone()), targets.through_variance.part(if noisy { part } else { 0..0 })) };
    let rate_sums = match targets.rate_sums.len() {
        0 => &mut [][..],
        // SAFETY: as above.
        _ => unsafe { targets.rate_sums.part(rows.clone()) },
    };
    {
        let matrix = |values| ArrayViewMut2::from_shape((rows.len(), outputs), values).expect("as many numbers");
        let (weight, through) = (matrix(&mut *weight), noisy.then(|| matrix(&mut *through)));
        if let Some(kernel) = pass.derived[index].kernel() {
            let through = through.map(single_mut);
            // Where the way back goes to the input, it sums them.
            let in_lists = pass.lists(index) && !pass.back_to_input;
            let rate_sums = if in_lists { single_slice_mut(rate_sums) } else { &mut [][..] };
            let products = Products { kernel, pass, index, columns: rows.clone(), layer };
            products.compute(scratch, single_mut(weight), through, rate_sums);
        } else {
            by_blas(pass, index, rows.clone(), weight, through, &mut scratch.squares);
        }
    }
    if !noisy {
        return;
    }
    let kl_scale = pass.kl_scale(layer);
    let noise = layer.noise.kind();
    for ((row, path), gradient) in rows.zip(through.chunks_exact_mut(outputs)).zip(weight.chunks_exact_mut(outputs)) {
        let of_unit = noise.gradient_row(
            GradientRow {
                inputs: layer.dim().0,
                row,
                weight: layer.weight.row(row).to_slice().expect(ORDER),
                variance: pass.derived[index].variance_row(row),
                scratch: &mut scratch.variance[..outputs],
                path,
                gradient,
            },
            kl_scale,
        );
        if targets.unit.len() > 0 {
            // SAFETY: each thread has rows of its own.
            unsafe { targets.unit.part(row..row + 1)[0] = of_unit };
        }
    }
}

const ORDER: &str = "weights and buffers are in standard layout";

/// Some rows of Aᵀ·δ and (A²)ᵀ·G of one layer, from packed factors.
struct Products<'a, T> {
    kernel: Kernel,
    pass: &'a Pass<'a, T>,
    index: usize,
    layer: &'a Layer<T>,
    /// Columns of A.
    columns: Range<usize>,
}

impl<T: Real> Products<'_, T> {
    /// Also, of each row, [`LayerGradient::rate_sums`], unless `rate_sums` is empty.
    fn compute(
        &self,
        scratch: &mut Scratch<T>,
        mut weight: ArrayViewMut2<'_, f32>,
        mut through: Option<ArrayViewMut2<'_, f32>>,
        rate_sums: &mut [f32],
    ) {
        let (kernel, pass, index) = (self.kernel, self.pass, self.index);
        let (listed, transposed) = (&mut scratch.listed, &mut scratch.transposed);
        let most = if pass.lists(index) { 1.0 } else { MOST_LISTED };
        let learns = !rate_sums.is_empty();
        rate_sums.fill(0.0);
        for stretch in pass.stretches() {
            let whole = |array: fn(&LayerSpace<T>) -> &Array2<T>| {
                pass.parts(stretch.clone(), move |space| array(&space.layers[index]).view()).map(single)
            };
            let columned = |array| whole(array).map(|part| part.slice_move(s![.., self.columns.clone()]));
            let (input, delta) = (columned(|space| &space.input), whole(|space| &space.delta));
            let add = stretch.start > 0;
            // Where A is not zero, not where A with its noise is not: what the noise added is there even if nothing is left.
            let (marks, listing) = if learns {
                (columned(|space| &space.clean), Listing::Values)
            } else {
                (input.clone(), Listing::Marks)
            };
            if listed.take_columns(kernel, marks.clone().zip(input.clone()), listing, most) {
                listed.product_with(kernel, delta.clone(), weight.view_mut(), add);
                if let Some(through) = &mut through {
                    listed.square();
                    listed.product_with(kernel, whole(|space| &space.spread), through.view_mut(), add);
                } else if learns {
                    // Σ over examples of ∂ ∘ (Ã − A) for ∂ = δ·Wᵀ is what W ∘ ((Ã − A)ᵀ·δ) sums to over the outputs, and that product
                    // is one over listed places, which δ·Wᵀ is not.
                    listed.take_columns(kernel, marks.zip(input), Listing::Differences, most);
                    let factors = single(self.layer.weight.slice(s![self.columns.clone(), ..]));
                    listed.weighted_product_with(kernel, delta, factors, rate_sums);
                }
            } else {
                transposed.pack(kernel, input);
                transposed.product(kernel, delta, weight.view_mut(), add);
                if let Some(through) = &mut through {
                    transposed.square();
                    transposed.product(kernel, whole(|space| &space.spread), through.view_mut(), add);
                }
            }
        }
    }
}

/// The same products by BLAS.
fn by_blas<T: Real>(
    pass: &Pass<'_, T>,
    index: usize,
    columns: Range<usize>,
    mut weight: ArrayViewMut2<'_, T>,
    mut through: Option<ArrayViewMut2<'_, T>>,
    squares: &mut Array2<T>,
) {
    let mut keep = T::zero();
    for space in pass.spaces.iter().filter(|space| space.rows > 0) {
        let buffers = &space.layers[index];
        let input = head(&buffers.input, space.rows).slice_move(s![.., columns.clone()]);
        general_mat_mul(T::one(), &input.t(), &head(&buffers.delta, space.rows), keep, &mut weight);
        if let Some(through) = &mut through {
            if squares.dim() != input.dim() {
                *squares = Array2::zeros(input.dim());
            }
            squares.zip_mut_with(&input, |square, &x| *square = x * x);
            general_mat_mul(T::one(), &squares.t(), &head(&buffers.spread, space.rows), keep, through);
        }
        keep = T::one();
    }
}

fn add_kl<T: Real>(gradient: &mut Array2<T>, log_alpha: &Array2<T>, scale: T) {
    const ORDER: &str = "rates are in standard layout";
    layers::add_kl_gradient(log_alpha.as_slice().expect(ORDER), gradient.as_slice_mut().expect(ORDER), scale);
}
