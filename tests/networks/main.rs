//! What a network computes: noises and layers, their gradients, training, predictions and their variance.

mod any_network;
mod arguments;
mod background;
mod calibration;
mod checkpoint;
mod golden;
mod golden_noise;
mod gradients;
mod layers;
mod noise;
mod regression;
mod sparse;
mod training;
mod training_loop;
mod uncertainty;
mod variance;

#[path = "../support/mod.rs"]
mod support;
