//! The limit: the matrix products of a training step, and nothing else.
//!
//! For each layer A·W, Aᵀ·D and, but for the first, D·Wᵀ; for type B each of them once more, on squares and variances. In single
//! precision by OpenBLAS as the crate links it, split over the threads in two ways, of which the faster is the limit.

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, s};
use vardrop::Method;
use vardrop::ndarray;

use super::Size;
use super::contestant::Timed;

unsafe extern "C" {
    fn openblas_set_num_threads(threads: std::ffi::c_int);
}

/// Who splits the products.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Split {
    /// OpenBLAS: every product over all its threads.
    Openblas,
    /// We: each thread multiplies its rows, and its part of each weight gradient, with an OpenBLAS of one thread.
    Rows,
}

impl Split {
    pub const ALL: [Self; 2] = [Self::Openblas, Self::Rows];

    pub fn name(self) -> &'static str {
        match self {
            Self::Openblas => "openblas",
            Self::Rows => "rows",
        }
    }
}

/// What one layer's products read.
struct Layer {
    /// (examples × inputs)
    a: Array2<f32>,
    /// (inputs × outputs)
    w: Array2<f32>,
    /// (examples × outputs)
    d: Array2<f32>,
    is_first: bool,
}

/// What one thread's part of a layer's products writes.
struct Part {
    rows: std::ops::Range<usize>,
    inputs: std::ops::Range<usize>,
    forward: Array2<f32>,
    weight_gradient: Array2<f32>,
    input_gradient: Array2<f32>,
}

impl Part {
    /// The share of `thread` of `threads`.
    fn new(layer: &Layer, thread: usize, threads: usize) -> Self {
        let share = |all: usize| all * thread / threads..all * (thread + 1) / threads;
        let ((examples, outputs), inputs) = (layer.d.dim(), layer.w.nrows());
        let (rows, inputs_share) = (share(examples), share(inputs));
        Self {
            forward: Array2::zeros((rows.len(), outputs)),
            weight_gradient: Array2::zeros((inputs_share.len(), outputs)),
            input_gradient: Array2::zeros((if layer.is_first { 0 } else { rows.len() }, inputs)),
            rows,
            inputs: inputs_share,
        }
    }

    fn forward(&mut self, layer: &Layer) {
        general_mat_mul(1.0, &layer.a.slice(s![self.rows.clone(), ..]), &layer.w, 0.0, &mut self.forward);
    }

    fn backward(&mut self, layer: &Layer) {
        let a = layer.a.slice(s![.., self.inputs.clone()]);
        general_mat_mul(1.0, &a.t(), &layer.d, 0.0, &mut self.weight_gradient);
        if !layer.is_first {
            let d = layer.d.slice(s![self.rows.clone(), ..]);
            general_mat_mul(1.0, &d, &layer.w.t(), 0.0, &mut self.input_gradient);
        }
    }
}

pub struct Products {
    layers: Vec<Layer>,
    /// For each thread, for each layer.
    parts: Vec<Vec<Part>>,
    split: Split,
}

impl Products {
    pub fn new(size: Size, threads: usize, split: Split) -> Self {
        let (blas, ours) = if split == Split::Openblas { (threads, 1) } else { (1, threads) };
        // SAFETY: OpenBLAS's own setter; it takes any positive number and may be called at any time.
        unsafe { openblas_set_num_threads(blas as std::ffi::c_int) };
        let widths = [784, size.width, size.width, size.width, 10];
        let copies =
            if matches!(size.method, Method::GaussianB | Method::VariationalB | Method::Sparse) { 2 } else { 1 };
        let layers: Vec<_> = widths
            .windows(2)
            .enumerate()
            .flat_map(|(index, pair)| (0..copies).map(move |_| (index, pair[0], pair[1])))
            .map(|(index, inputs, outputs)| Layer {
                a: values(size.batch_size, inputs),
                w: values(inputs, outputs),
                d: values(size.batch_size, outputs),
                is_first: index == 0,
            })
            .collect();
        let part = |thread| layers.iter().map(|layer| Part::new(layer, thread, ours)).collect();
        Self { parts: (0..ours).map(part).collect(), layers, split }
    }
}

/// Numbers of usual size: a product of zeros or of denormal numbers may take another time.
fn values(rows: usize, columns: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 31 + j * 17) % 64) as f32 / 64.0 - 0.49)
}

impl Timed for Products {
    fn describe(&self) -> String {
        format!("the products alone, split by {}", self.split.name())
    }

    fn run(&mut self, steps: usize) -> Result<f64, Box<dyn Error>> {
        let (layers, threads) = (&self.layers, self.parts.len());
        let meeting = Meeting::default();
        let seconds = std::thread::scope(|scope| {
            let work = |parts: &mut Vec<Part>| {
                meeting.wait(threads);
                let start = Instant::now();
                for _ in 0..steps {
                    parts.iter_mut().zip(layers).for_each(|(part, layer)| part.forward(layer));
                    parts.iter_mut().zip(layers).rev().for_each(|(part, layer)| part.backward(layer));
                    meeting.wait(threads);
                }
                start.elapsed().as_secs_f64()
            };
            let others: Vec<_> = self.parts.iter_mut().map(|parts| scope.spawn(move || work(parts))).collect();
            others.into_iter().map(|other| other.join().expect("no panic")).fold(0.0, f64::max)
        });
        Ok(seconds)
    }
}

/// A place where threads wait for one another without going to sleep.
#[derive(Default)]
struct Meeting {
    arrived: AtomicUsize,
}

impl Meeting {
    fn wait(&self, threads: usize) {
        let end = (self.arrived.fetch_add(1, Ordering::AcqRel) / threads + 1) * threads;
        while self.arrived.load(Ordering::Acquire) < end {
            std::hint::spin_loop();
        }
    }
}
