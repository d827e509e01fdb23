//! What a step computes from the parameters once, before any row: deviations √α, weight variances S = α ∘ W² (or σ²), and
//! both W and S as the products read them.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView2, s};
use smallvec::SmallVec;

use super::pages::Places;
use super::product::{self, Kernel, Packed, Panels, Right, single, single_slice};
use crate::Real;
use crate::layers::Layer;
use crate::network::Network;
use crate::workers::{Split, Workers, share};

/// Derived values of one layer; empty where its noise does not use them.
#[derive(Debug)]
pub(super) struct Derived<T> {
    /// √α, one value or one per input unit: input noise.
    pub(super) deviation: Array1<T>,
    /// The weights' means, (in × out), where they are not W itself.
    mean: Array2<T>,
    /// S, (in × out): output noise, where BLAS computes the products.
    variance: Array2<T>,
    /// Where products are computed from panels.
    panels: Option<LayerPanels<T>>,
}

#[derive(Debug)]
struct LayerPanels<T> {
    kernel: Kernel,
    weight: Panels,
    variance: Panels,
    /// Wᵀ and Sᵀ; made when they are first needed, which in the first layer may be never.
    weight_back: Panels,
    variance_back: Panels,
    /// One thread's 32 rows of S at a time, (threads · 32 × out).
    rows: Array2<T>,
}

/// What of it a pass needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs {
    /// Deviations and variances.
    pub(super) noise: bool,
    /// The way back, to all layers' inputs but the first's.
    pub(super) back: bool,
    /// And to the first's.
    pub(super) back_to_input: bool,
}

/// Rows of W that a thread packs at a time: columns of a panel of Wᵀ.
const ROWS: usize = 32;

impl<T: Real> Derived<T> {
    /// Buffers for each layer of a network; without a kernel for BLAS.
    pub(super) fn for_network(network: &Network<T>, threads: usize, kernel: Option<Kernel>) -> Vec<Self> {
        let of_layer = |layer: &Layer<T>| {
            let (inputs, outputs) = layer.dim();
            let deviations = layer.noise.kind().deviations();
            let output_noise = layer.has_output_noise();
            let layer_panels = |kernel| LayerPanels {
                kernel,
                weight: Panels::new(inputs, outputs),
                variance: if output_noise { Panels::new(inputs, outputs) } else { Panels::default() },
                weight_back: Panels::default(),
                variance_back: Panels::default(),
                rows: Array2::zeros(if output_noise { (threads * ROWS, outputs) } else { (0, 0) }),
            };
            Self {
                deviation: Array1::zeros(deviations),
                mean: Array2::zeros(if layer.noise.kind().zeroes_weights() { (inputs, outputs) } else { (0, 0) }),
                variance: Array2::zeros(if output_noise && kernel.is_none() { (inputs, outputs) } else { (0, 0) }),
                panels: kernel.map(layer_panels),
            }
        };
        network.layers().iter().map(of_layer).collect()
    }

    /// The loops that compute the products from panels; nothing where BLAS does.
    pub(super) fn kernel(&self) -> Option<Kernel> {
        self.panels.as_ref().map(|panels| panels.kernel)
    }

    /// Where its large arrays are.
    pub(super) fn add_to(&self, places: &mut Places) {
        places.add(self.mean.as_slice());
        places.add(self.variance.as_slice());
        if let Some(panels) = &self.panels {
            let all = [&panels.weight, &panels.variance, &panels.weight_back, &panels.variance_back];
            places.add(all.map(Panels::lines));
        }
    }

    /// The right factor W.
    pub(super) fn weight<'a>(&'a self, layer: &'a Layer<T>) -> Right<'a, T> {
        self.right(|panels| &panels.weight, || self.mean(layer).view())
    }

    /// The right factor Wᵀ.
    pub(super) fn weight_back<'a>(&'a self, layer: &'a Layer<T>) -> Right<'a, T> {
        self.right(|panels| &panels.weight_back, || self.mean(layer).t())
    }

    /// What multiplies the input: W, or the weights' means where they are not W itself.
    fn mean<'a>(&'a self, layer: &'a Layer<T>) -> &'a Array2<T> {
        if self.mean.is_empty() { &layer.weight } else { &self.mean }
    }

    /// The right factor S.
    pub(super) fn variance(&self) -> Right<'_, T> {
        self.right(|panels| &panels.variance, || self.variance.view())
    }

    /// The right factor Sᵀ.
    pub(super) fn variance_back(&self) -> Right<'_, T> {
        self.right(|panels| &panels.variance_back, || self.variance.t())
    }

    fn right<'a>(
        &'a self,
        packed: fn(&LayerPanels<T>) -> &Panels,
        matrix: impl FnOnce() -> ArrayView2<'a, T>,
    ) -> Right<'a, T> {
        match &self.panels {
            Some(panels) => Right::Packed(Packed { kernel: panels.kernel, panels: packed(panels) }),
            None => Right::Matrix(matrix()),
        }
    }

    /// Row `row` of S, where it is kept.
    pub(super) fn variance_row(&self, row: usize) -> Option<&[T]> {
        self.panels.is_none().then(|| self.variance.row(row).to_slice().expect(ORDER))
    }

    /// What threads fill of it, each for some rows of W. What depends on few numbers is computed at once.
    fn filling<'a>(&'a mut self, layer: &'a Layer<T>, needs: Needs, back: bool) -> Filling<'a, T> {
        let noisy = needs.noise && layer.has_output_noise();
        if needs.noise {
            layer.noise.kind().fill_deviations(self.deviation.as_slice_mut().expect(ORDER));
        }
        let (inputs, outputs) = layer.dim();
        let panels = self.panels.as_mut().map(|panels| {
            for (wanted, panels) in [(back, &mut panels.weight_back), (back && noisy, &mut panels.variance_back)] {
                if wanted && panels.is_empty() {
                    *panels = Panels::new(outputs, inputs);
                }
            }
            PanelFilling {
                kernel: panels.kernel,
                weight: panels.weight.fill(),
                variance: panels.variance.fill(),
                weight_back: panels.weight_back.fill(),
                variance_back: panels.variance_back.fill(),
                rows: Split::new(panels.rows.as_slice_mut().expect(ORDER)),
            }
        });
        let mean = Split::new(self.mean.as_slice_mut().expect(ORDER));
        Filling { layer, noisy, back, mean, variance: Split::new(self.variance.as_slice_mut().expect(ORDER)), panels }
    }
}

/// One layer's derived values while threads fill them.
struct Filling<'a, T> {
    layer: &'a Layer<T>,
    /// Whether S is wanted.
    noisy: bool,
    /// Whether Wᵀ and Sᵀ are wanted.
    back: bool,
    mean: Split<'a, T>,
    variance: Split<'a, T>,
    panels: Option<PanelFilling<'a, T>>,
}

struct PanelFilling<'a, T> {
    kernel: Kernel,
    weight: product::Filling<'a>,
    variance: product::Filling<'a>,
    weight_back: product::Filling<'a>,
    variance_back: product::Filling<'a>,
    /// Each thread's rows of S.
    rows: Split<'a, T>,
}

impl<T: Real> Filling<'_, T> {
    /// Thread `thread`'s rows of W.
    fn run(&self, thread: usize, threads: usize) {
        let (inputs, outputs) = self.layer.dim();
        for first in share(inputs, ROWS, threads, thread).step_by(ROWS) {
            let rows = first..(first + ROWS).min(inputs);
            if self.mean.len() > 0 {
                // SAFETY: each thread has rows of its own.
                let values = unsafe { self.mean.part(rows.start * outputs..rows.end * outputs) };
                for (row, values) in rows.clone().zip(values.chunks_exact_mut(outputs)) {
                    self.layer.noise.kind().mean_row(weight_row(self.layer, row), row, values);
                }
            }
            match &self.panels {
                // SAFETY: each thread has rows of its own.
                Some(panels) => unsafe { self.pack(panels, rows, thread) },
                None if self.noisy => {
                    // SAFETY: as above.
                    let values = unsafe { self.variance.part(rows.start * outputs..rows.end * outputs) };
                    for (row, values) in rows.zip(values.chunks_exact_mut(outputs)) {
                        variance_row(self.layer, row, values);
                    }
                }
                None => {}
            }
        }
    }

    /// # Safety
    /// No other thread has these rows or this thread's index.
    unsafe fn pack(&self, panels: &PanelFilling<'_, T>, rows: Range<usize>, thread: usize) {
        let (first, outputs) = (rows.start, self.layer.dim().1);
        let values = match self.mean.len() {
            0 => single(self.layer.weight.slice(s![rows.clone(), ..])),
            _ => {
                // SAFETY: the caller's: these rows are this thread's, which has filled them.
                let means = unsafe { self.mean.part(rows.start * outputs..rows.end * outputs) };
                single(ArrayView2::from_shape((rows.len(), outputs), &*means).expect("as many numbers"))
            }
        };
        for (row, values) in rows.clone().zip(values.outer_iter()) {
            // SAFETY: the caller's: these rows are this thread's.
            unsafe { panels.weight.row(row, values.to_slice().expect(ORDER)) };
        }
        if self.back {
            // SAFETY: as above; rows of W are columns of Wᵀ.
            unsafe { panels.weight_back.columns(panels.kernel, first, values) };
        }
        if !self.noisy {
            return;
        }
        let own = thread * ROWS * outputs;
        // SAFETY: the caller's: this index is this thread's.
        let values = unsafe { panels.rows.part(own..own + rows.len() * outputs) };
        for (row, values) in rows.clone().zip(values.chunks_exact_mut(outputs)) {
            variance_row(self.layer, row, values);
            // SAFETY: the caller's: these rows are this thread's.
            unsafe { panels.variance.row(row, single_slice(values)) };
        }
        if self.back {
            let values = ArrayView2::from_shape((rows.len(), outputs), &*values).expect("as many numbers");
            // SAFETY: as above; rows of S are columns of Sᵀ.
            unsafe { panels.variance_back.columns(panels.kernel, first, single(values)) };
        }
    }
}

const ORDER: &str = "weights and variances are in standard layout";

/// Row `row` of S.
fn variance_row<T: Real>(layer: &Layer<T>, row: usize, out: &mut [T]) {
    layer.noise.kind().variance_row(weight_row(layer, row), row, out);
}

fn weight_row<T>(layer: &Layer<T>, row: usize) -> &[T] {
    layer.weight.row(row).to_slice().expect(ORDER)
}

/// Computes what a pass needs of every layer.
pub(super) fn refresh<T: Real>(derived: &mut [Derived<T>], network: &Network<T>, needs: Needs, workers: &Workers) {
    let layers = network.layers().iter().zip(derived).enumerate();
    let all: PerLayer<_> = layers
        .map(|(index, (layer, derived))| {
            derived.filling(layer, needs, if index == 0 { needs.back_to_input } else { needs.back })
        })
        .collect();
    workers.run(&|thread| all.iter().for_each(|filling| filling.run(thread, workers.count())));
}

/// A value for each layer; on the stack for networks of up to eight, so that a step allocates nothing.
pub(crate) type PerLayer<T> = SmallVec<[T; 8]>;
