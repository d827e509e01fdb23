//! One estimate of the training set's gradient, by any of the estimators.

use std::ops::Range;

use ndarray::Array2;

use super::Estimator;
use super::flipout::{Flipout, Sample};
use super::separate::SeparateSamples;
use crate::Real;
use crate::engine::{Batch, Engine, Objective};
use crate::error::{Error, Result};
use crate::layers::{Layer, Noise};
use crate::network::Network;
use crate::noise::NoiseSource;
use crate::workers::Workers;

/// Draws gradients of a network's weights. What an estimator needs is made when it is first asked for.
///
/// ```
/// use vardrop::data::Splits;
/// use vardrop::engine::Examples;
/// use vardrop::network::{DropoutRates, Initialisation};
/// use vardrop::noise::NoiseSource;
/// use vardrop::variance::{Estimator, GradientSampler};
/// use vardrop::{Method, Network};
///
/// let splits = Splits::open(&"synthetic".parse()?, 0)?;
/// let widths = [784, 20, 10];
/// let network: Network = Network::new(Method::VariationalB, &widths, DropoutRates::default(), Initialisation::default(), 1)?;
/// let mut sampler = GradientSampler::new(network, splits.train.len(), 100, 1)?;
/// let batch = Examples { dataset: &splits.train, indices: &(0..100).collect::<Vec<_>>() };
/// let gradients = sampler.draw(Estimator::SeparateWeightSamples, &batch, NoiseSource::new(1, 0))?;
/// assert_eq!(gradients[1].dim(), (20, 10));
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug)]
pub struct GradientSampler<T = f32> {
    network: Network<T>,
    examples: usize,
    batch_size: usize,
    workers: Workers,
    /// Local reparameterization: the network's own noise.
    local: Option<Engine<T>>,
    /// No noise, and a single weight sample: a network without noise and its engine.
    plain: Option<(Network<T>, Engine<T>)>,
    /// F of the single weight sample.
    factors: Vec<Array2<T>>,
    /// Separate weight samples, one space for each thread.
    separate: Vec<SeparateSamples<T>>,
    /// Flipout: the minibatch's sample of each layer, and one space for each thread.
    samples: Vec<Sample<T>>,
    flipout: Vec<Flipout<T>>,
    gradients: Vec<Array2<T>>,
}

impl<T: Real> GradientSampler<T> {
    /// A sampler for minibatches of up to `batch_size` of the `examples` training examples, on `threads` threads. The same
    /// noise source gives the same gradient, bit for bit, for the same number of threads.
    ///
    /// # Errors
    /// No threads, no examples, or an empty minibatch.
    pub fn new(network: Network<T>, examples: usize, batch_size: usize, threads: usize) -> Result<Self> {
        if examples == 0 {
            return Err(Error::argument("number of training examples", 0, "1 or more"));
        }
        if batch_size == 0 {
            return Err(Error::argument("batch_size", 0, "1 or more"));
        }
        network.check()?;
        Ok(Self {
            examples,
            batch_size,
            workers: Workers::new(threads)?,
            local: None,
            plain: None,
            factors: Vec::new(),
            separate: Vec::new(),
            samples: Vec::new(),
            flipout: Vec::new(),
            gradients: network.layers().iter().map(|layer| Array2::zeros(layer.dim())).collect(),
            network,
        })
    }

    /// The network.
    pub fn network(&self) -> &Network<T> {
        &self.network
    }

    /// The largest minibatch.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Frees what the estimators before needed: what is measured next is the next one's memory.
    pub fn release(&mut self) {
        (self.local, self.plain) = (None, None);
        self.factors = Vec::new();
        self.separate = Vec::new();
        (self.samples, self.flipout) = (Vec::new(), Vec::new());
    }

    /// An estimate, from this minibatch with this noise, of ∂/∂W of the training set's summed cross-entropy: for each layer
    /// (in × out).
    ///
    /// # Errors
    /// A minibatch that is empty, larger than the sampler's or of another width; a label that the network has no output for; flipout for
    /// a network with noise on the input of a layer.
    pub fn draw(&mut self, estimator: Estimator, batch: &impl Batch<T>, source: NoiseSource) -> Result<&[Array2<T>]> {
        self.check(batch)?;
        match estimator {
            Estimator::LocalReparameterization => self.local(batch, source)?,
            Estimator::SeparateWeightSamples => self.separate(batch, source)?,
            Estimator::Flipout => self.flipout(batch, source)?,
            Estimator::SingleWeightSample => self.single(batch, source)?,
            Estimator::NoNoise => self.without_noise(batch, source)?,
        }
        Ok(&self.gradients)
    }

    fn check(&self, batch: &impl Batch<T>) -> Result<()> {
        let examples = batch.len();
        if examples == 0 || examples > self.batch_size {
            let expected = format!("1 to {} examples, as the sampler was made for", self.batch_size);
            return Err(Error::argument("minibatch", examples, expected));
        }
        self.network.check_batch(batch)
    }

    /// The KL term has no part in the weights' gradient.
    fn objective(&self) -> Objective {
        Objective { kl_weight: 0.0, examples: self.examples }
    }

    fn local(&mut self, batch: &impl Batch<T>, source: NoiseSource) -> Result<()> {
        let objective = self.objective();
        if self.local.is_none() {
            self.local = Some(Engine::new(&self.network, self.batch_size, self.workers.count())?);
        }
        let engine = self.local.as_mut().expect("made above");
        engine.gradient(&self.network, batch, source, objective)?;
        scale_into(&mut self.gradients, engine, self.examples);
        Ok(())
    }

    fn without_noise(&mut self, batch: &impl Batch<T>, source: NoiseSource) -> Result<()> {
        let objective = self.objective();
        self.prepare_plain()?;
        let (network, engine) = self.plain.as_mut().expect("prepared above");
        for (plain, layer) in network.layers_mut().iter_mut().zip(self.network.layers()) {
            plain.weight.assign(&layer.weight);
        }
        engine.gradient(network, batch, source, objective)?;
        scale_into(&mut self.gradients, engine, self.examples);
        Ok(())
    }

    fn single(&mut self, batch: &impl Batch<T>, source: NoiseSource) -> Result<()> {
        let objective = self.objective();
        self.prepare_plain()?;
        if self.factors.is_empty() {
            self.factors = self.gradients.iter().map(|gradient| Array2::zeros(gradient.dim())).collect();
        }
        let (network, engine) = self.plain.as_mut().expect("prepared above");
        let layers = self.network.layers().iter().zip(network.layers_mut());
        for (index, ((layer, sampled), factors)) in layers.zip(&mut self.factors).enumerate() {
            const ORDER: &str = "rows are contiguous";
            let rows = sampled.weight.outer_iter_mut().zip(factors.outer_iter_mut()).enumerate();
            for (row, (mut sampled, mut factors)) in rows {
                let (key, weight) = (source.row(index, row), layer.weight.row(row));
                let (sampled, factors) = (sampled.as_slice_mut().expect(ORDER), factors.as_slice_mut().expect(ORDER));
                layer.noise.kind().sample_row(key, weight.to_slice().expect(ORDER), row, sampled, factors);
            }
        }
        engine.gradient(network, batch, source, objective)?;
        scale_into(&mut self.gradients, engine, self.examples);
        for (gradient, factors) in self.gradients.iter_mut().zip(&self.factors) {
            *gradient *= factors;
        }
        Ok(())
    }

    fn separate(&mut self, batch: &impl Batch<T>, source: NoiseSource) -> Result<()> {
        let examples = batch.len();
        let threads = self.workers.count();
        if self.separate.is_empty() {
            self.separate = (0..threads).map(|_| SeparateSamples::new(&self.network)).collect();
        }
        let network = &self.network;
        self.workers.for_each(self.separate.iter_mut().enumerate(), |(index, space)| {
            space.run(network, batch, part(examples, threads, index), source);
        });
        let scale = T::of(self.examples as f64 / examples as f64);
        for (index, gradient) in self.gradients.iter_mut().enumerate() {
            gradient.fill(T::zero());
            for space in &self.separate {
                gradient.scaled_add(scale, space.sums(index));
            }
        }
        Ok(())
    }

    fn flipout(&mut self, batch: &impl Batch<T>, source: NoiseSource) -> Result<()> {
        if let Some(index) = self.network.layers().iter().position(Layer::has_input_noise) {
            let expected = format!(
                "local, separate or single: layer {index} has its noise on the input, and flipout flips the noise of single weights"
            );
            return Err(Error::argument("estimator", Estimator::Flipout.name(), expected));
        }
        let (examples, threads) = (batch.len(), self.workers.count());
        let (network, rows) = (&self.network, self.batch_size.div_ceil(threads));
        if self.flipout.is_empty() {
            self.samples = network.layers().iter().map(Sample::new).collect();
            self.flipout = (0..threads).map(|_| Flipout::new(network, rows)).collect();
        }
        self.workers.for_each(self.samples.iter_mut().zip(network.layers()).enumerate(), |(index, (sample, layer))| {
            sample.draw(layer, index, source);
        });
        let samples = &self.samples;
        self.workers.for_each(self.flipout.iter_mut().enumerate(), |(index, space)| {
            space.run(network, samples, batch, part(examples, threads, index), source);
        });
        let scale = T::of(self.examples as f64 / examples as f64);
        for (index, gradient) in self.gradients.iter_mut().enumerate() {
            gradient.fill(T::zero());
            self.flipout.iter().for_each(|space| space.add_to(gradient, index, &samples[index], scale));
        }
        Ok(())
    }

    fn prepare_plain(&mut self) -> Result<()> {
        if self.plain.is_none() {
            let without_noise = |layer: &Layer<T>| Layer { noise: Noise::None, ..layer.clone() };
            let network = Network::from_layers(self.network.layers().iter().map(without_noise).collect())?;
            let network = network.with_likelihood(self.network.likelihood().clone())?;
            let engine = Engine::new(&network, self.batch_size, self.workers.count())?;
            self.plain = Some((network, engine));
        }
        Ok(())
    }
}

/// The examples of a minibatch that thread `index` of `threads` has.
fn part(examples: usize, threads: usize, index: usize) -> Range<usize> {
    let most = examples.div_ceil(threads);
    (index * most).min(examples)..((index + 1) * most).min(examples)
}

/// The gradient of the sum over `examples` examples, from the engine's, which is of their mean.
fn scale_into<T: Real>(gradients: &mut [Array2<T>], engine: &Engine<T>, examples: usize) {
    let scale = T::of(examples as f64);
    for (gradient, layer) in gradients.iter_mut().zip(&engine.gradients().layers) {
        ndarray::Zip::from(gradient).and(&layer.weight).for_each(|out, &x| *out = scale * x);
    }
}
