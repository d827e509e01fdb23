//! The engine: the objective's value and gradient for a minibatch, and evaluation, on a fixed number of threads.
//!
//! A step has three parts. Once: derived values (√α, α ∘ W²), packed for the products. By rows: each thread carries its rows of
//! the minibatch forward and backward. By parameters: each thread computes some rows of every layer's gradient.

mod derived;
mod gradients;
mod layout;
mod pages;
mod product;
mod workspace;

use ndarray::{Array2, Axis, s};

pub use crate::data::{Batch, Examples, Inputs, Rows};
pub use crate::network::{Evaluation, Loss, Objective, score};
pub(crate) use derived::PerLayer;
pub use gradients::{Gradients, LayerGradient};
pub use product::Products;

use crate::Real;
use crate::error::{Error, Result};
use crate::network::{Network, evaluate};
use crate::noise::NoiseSource;
use crate::workers::Workers;
use derived::{Derived, Needs};
use gradients::{Pass, Scratch, learns_input_noise};
use layout::Layout;
use pages::Places;
use product::Kernel;
use workspace::Workspace;

/// Buffers and threads for networks of one shape and noise.
#[derive(Debug)]
pub struct Engine<T = f32> {
    workers: Workers,
    spaces: Vec<Workspace<T>>,
    derived: Vec<Derived<T>>,
    layout: Vec<Layout>,
    scratch: Vec<Scratch<T>>,
    gradients: Gradients<T>,
    /// Whether the loss's gradient goes back to the network's input.
    input_gradient: bool,
    /// Whether there are gradients.
    computed: bool,
    /// Whether huge pages have been asked for.
    settled: bool,
    /// The way in which products are computed.
    products: Products,
}

impl<T: Real> Engine<T> {
    /// An engine for networks shaped as `network`, minibatches of up to `batch_size` examples, and `threads` threads. The products
    /// are computed as [`Products::chosen`] says.
    ///
    /// OpenBLAS is held to one thread in the whole process: the engine's own threads share the work.
    ///
    /// # Errors
    /// No threads or an empty minibatch; a `VARDROP_PRODUCTS` that is not a way of this machine's.
    pub fn new(network: &Network<T>, batch_size: usize, threads: usize) -> Result<Self> {
        Self::build(network, batch_size, threads, Products::chosen()?)
    }

    /// [`Self::new`], with the products of single precision computed in one way, whatever the environment says.
    ///
    /// # Errors
    /// As [`Self::new`]; a way that this machine has not; in double precision, another way than [`Products::DOUBLE`].
    pub fn with_products(network: &Network<T>, batch_size: usize, threads: usize, products: Products) -> Result<Self> {
        if products != Products::DOUBLE && !product::is_single::<T>() {
            let expected = format!("{}, which computes those of double precision", Products::DOUBLE);
            return Err(Error::argument("products", products, expected));
        }
        Self::build(network, batch_size, threads, products)
    }

    fn build(network: &Network<T>, batch_size: usize, threads: usize, products: Products) -> Result<Self> {
        if batch_size == 0 {
            return Err(Error::argument("batch_size", 0, "1 or more"));
        }
        network.check()?;
        let kernel = products.kernel::<T>()?;
        let workers = Workers::new(threads)?;
        let rows = batch_size.div_ceil(threads);
        workspace::check_room(network, rows.saturating_mul(threads), batch_size)?;
        Ok(Self {
            spaces: (0..threads).map(|_| Workspace::new(network, rows, kernel)).collect(),
            derived: Derived::for_network(network, threads, kernel),
            layout: network.layers().iter().map(Layout::of).collect(),
            scratch: (0..threads).map(|_| Scratch::new(network)).collect(),
            gradients: Gradients::new(network),
            input_gradient: false,
            computed: false,
            settled: false,
            products: if kernel.is_some() { products } else { Products::DOUBLE },
            workers,
        })
    }

    /// The same engine, which computes [`Self::input_gradient`] too.
    pub fn with_input_gradient(mut self) -> Self {
        self.input_gradient = true;
        self
    }

    /// The way in which it computes its products.
    pub fn products(&self) -> Products {
        self.products
    }

    /// What an optimizer's step needs: the gradients that the last [`Self::gradient`] computed, and the threads. `others` are the
    /// arrays that the step goes through besides.
    ///
    /// # Errors
    /// A network of another shape or noise than the engine's; no gradient yet.
    pub(crate) fn for_step<'a>(
        &mut self,
        network: &Network<T>,
        others: impl Iterator<Item = &'a [T]>,
    ) -> Result<(&Gradients<T>, &Workers)> {
        self.check_network(network)?;
        if !self.computed {
            return Err(Error::argument("number of gradients", 0, "1 or more before a step: call Engine::gradient"));
        }
        if !self.settled {
            self.settle(network, others);
        }
        Ok((&self.gradients, &self.workers))
    }

    /// Asks for huge pages for everything that steps go through, once all of it is there.
    fn settle<'a>(&mut self, network: &Network<T>, others: impl Iterator<Item = &'a [T]>) {
        let mut places = Places::default();
        places.add(network.parameters().into_iter().map(|(_, values)| values));
        places.add(others);
        places.add(self.gradients.arrays());
        self.derived.iter().for_each(|derived| derived.add_to(&mut places));
        self.spaces.iter().for_each(|space| places.add(space.arrays()));
        places.ask();
        self.settled = true;
    }

    /// The gradients that the last [`Self::gradient`] computed; zeros before the first.
    pub fn gradients(&self) -> &Gradients<T> {
        &self.gradients
    }

    /// The mean cross-entropy of a minibatch with the noise of `source` and, left in [`Self::gradients`], the gradient of
    /// the objective. (The objective's other part does not depend on the minibatch: [`Objective::kl`].)
    ///
    /// # Errors
    /// A minibatch that is empty, larger than the engine's or of another width; a label that the network has no output
    /// for; a network of another shape or noise than the engine's; an objective for no examples.
    pub fn gradient(
        &mut self,
        network: &Network<T>,
        batch: &impl Batch<T>,
        source: NoiseSource,
        objective: Objective,
    ) -> Result<f64> {
        objective.check()?;
        let (cross_entropy, listed) = self.pass(network, batch, source, true)?;
        self.computed = true;
        let pass = Pass {
            network,
            derived: &self.derived,
            spaces: &self.spaces,
            objective,
            listed,
            back_to_input: self.goes_back_to_input(network, listed),
        };
        gradients::collect(&mut self.gradients, &pass, &mut self.scratch, &self.workers);
        Ok(cross_entropy)
    }

    /// The objective of a minibatch with the noise of `source`.
    ///
    /// # Errors
    /// As [`Self::gradient`].
    pub fn loss(
        &mut self,
        network: &Network<T>,
        batch: &impl Batch<T>,
        source: NoiseSource,
        objective: Objective,
    ) -> Result<Loss> {
        objective.check()?;
        let (cross_entropy, _) = self.pass(network, batch, source, false)?;
        Ok(Loss { cross_entropy, kl: objective.kl(network) })
    }

    /// ∂objective/∂input of the last [`Self::gradient`], (examples × inputs).
    ///
    /// # Errors
    /// An engine that was made without [`Self::with_input_gradient`]; another pass than a gradient's since.
    pub fn input_gradient(&self) -> Result<Array2<T>> {
        if !self.input_gradient || self.spaces.iter().any(|space| !space.went_back) {
            let expected = "Engine::gradient of an engine that was made with_input_gradient";
            return Err(Error::argument("last pass", "another", expected));
        }
        let views: Vec<_> = self.spaces.iter().map(|space| space.input_delta.slice(s![..space.rows, ..])).collect();
        Ok(ndarray::concatenate(Axis(0), &views).expect("every thread's rows are as wide"))
    }

    fn pass(
        &mut self,
        network: &Network<T>,
        batch: &impl Batch<T>,
        source: NoiseSource,
        backward: bool,
    ) -> Result<(f64, bool)> {
        let examples = batch.len();
        let capacity = self.spaces.len() * self.spaces[0].capacity();
        if examples == 0 || examples > capacity {
            return Err(Error::argument(
                "minibatch",
                examples,
                format!("1 to {capacity} examples, as the engine was made for"),
            ));
        }
        self.check(network, batch)?;
        let listed = self.lists(batch);
        let back_to_input = backward && self.goes_back_to_input(network, listed);
        if back_to_input {
            self.spaces.iter_mut().for_each(Workspace::keep_input_delta);
        }
        let needs = Needs { noise: true, back: backward, back_to_input };
        derived::refresh(&mut self.derived, network, needs, &self.workers);
        let share = examples.div_ceil(self.spaces.len());
        let derived = &self.derived;
        self.workers.each(&mut self.spaces, |index, space| {
            let range = (index * share).min(examples)..((index + 1) * share).min(examples);
            let first = range.start;
            space.forward(network, derived, batch, range, Some(source), listed);
            space.loss_delta(network, batch, first, examples);
            if backward {
                space.backward(network, derived, back_to_input);
            }
        });
        Ok((self.spaces.iter().map(|space| space.loss).sum::<f64>() / examples as f64, listed))
    }

    /// Whether to list where the minibatch's images are not black, read off its first rows: they are alike.
    fn lists(&mut self, batch: &impl Inputs<T>) -> bool {
        Kernel::of(self.products).is_some_and(|kernel| self.spaces[0].lists(kernel, batch))
    }

    /// Whether the backward pass goes on to the network's input. Listed images need it not even for rates that are learned.
    fn goes_back_to_input(&self, network: &Network<T>, listed: bool) -> bool {
        self.input_gradient || (learns_input_noise(&network.layers()[0]) && !listed)
    }

    fn check(&self, network: &Network<T>, batch: &impl Batch<T>) -> Result<()> {
        self.check_network(network)?;
        network.check_batch(batch)
    }

    /// Whether it is a network of the shape and noise that the engine was made for.
    fn check_network(&self, network: &Network<T>) -> Result<()> {
        network.check()?;
        let inputs = std::iter::once(network.layers()[0].dim().0);
        let widths = inputs.chain(network.layers().iter().map(|layer| layer.dim().1));
        if !widths.eq(self.spaces[0].widths()) {
            let expected = self.spaces[0].widths().collect();
            return Err(Error::Shape {
                what: "the network, which is not as the engine was made for,".into(),
                found: network.widths(),
                expected,
            });
        }
        for (index, (layer, own)) in network.layers().iter().zip(&self.layout).enumerate() {
            let found = Layout::of(layer);
            if found != *own {
                let value = format!("{found:?} in layer {index}");
                return Err(Error::argument("noise", value, format!("{own:?}, as the engine was made for")));
            }
        }
        Ok(())
    }

    /// What the network predicts of every example: class probabilities, (examples × classes), or for real targets what
    /// [`Self::outputs`] gives. Without noise, or with the noise of `source`.
    ///
    /// # Errors
    /// Examples of another width than the network's input; a network of another shape or noise than the engine's.
    pub fn predict(
        &mut self,
        network: &Network<T>,
        batch: &impl Inputs<T>,
        source: Option<NoiseSource>,
    ) -> Result<Array2<T>> {
        self.run(network, batch, source, |outputs| network.likelihood().predict(outputs))
    }

    /// What the last layer gives for every example, (examples × outputs): log-odds of classes, or the parameters of real targets'
    /// distributions. Without noise, or with the noise of `source`.
    ///
    /// # Errors
    /// As [`Self::predict`].
    pub fn outputs(
        &mut self,
        network: &Network<T>,
        batch: &impl Inputs<T>,
        source: Option<NoiseSource>,
    ) -> Result<Array2<T>> {
        self.run(network, batch, source, |_| ())
    }

    /// The outputs of every example, each row changed by `finish` on the thread that computed it.
    fn run(
        &mut self,
        network: &Network<T>,
        batch: &impl Inputs<T>,
        source: Option<NoiseSource>,
        finish: impl Fn(&mut [T]) + Sync,
    ) -> Result<Array2<T>> {
        self.check_network(network)?;
        network.check_inputs(batch)?;
        let mut all = Array2::zeros((batch.len(), network.outputs_width()));
        let needs = Needs { noise: source.is_some(), back: false, back_to_input: false };
        derived::refresh(&mut self.derived, network, needs, &self.workers);
        let listed = !batch.is_empty() && self.lists(batch);
        let share = batch.len().div_ceil(self.spaces.len()).max(1);
        let derived = &self.derived;
        let shares = self.spaces.iter_mut().zip(all.axis_chunks_iter_mut(Axis(0), share)).enumerate();
        self.workers.for_each(shares, |(index, (space, mut out))| {
            let capacity = space.capacity();
            for (block, mut out) in out.axis_chunks_iter_mut(Axis(0), capacity).enumerate() {
                let first = index * share + block * capacity;
                space.forward(network, derived, batch, first..first + out.nrows(), source, listed);
                out.assign(&space.outputs());
                for mut row in out.outer_iter_mut() {
                    finish(row.as_slice_mut().expect("rows are contiguous"));
                }
            }
        });
        Ok(all)
    }

    /// Loss and error of the network without noise.
    ///
    /// # Errors
    /// As [`Self::predict`]; no examples; a target that does not go with the network's likelihood.
    pub fn evaluate(&mut self, network: &Network<T>, batch: &impl Batch<T>) -> Result<Evaluation> {
        if batch.is_empty() {
            return Err(Error::argument("number of examples", 0, "1 or more"));
        }
        self.check(network, batch)?;
        let predictions = self.predict(network, batch, None)?;
        evaluate(network.likelihood(), predictions, batch)
    }
}

#[cfg(test)]
mod tests;
