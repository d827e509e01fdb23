//! Every example runs. What each claims, it asserts itself.

#[path = "../examples/convolution.rs"]
mod convolution;
#[path = "../examples/layer.rs"]
mod layer;
#[path = "../examples/mixed_methods.rs"]
mod mixed_methods;
#[path = "../examples/own_loop.rs"]
mod own_loop;
#[path = "../examples/sparse.rs"]
mod sparse;
#[allow(dead_code, reason = "its main writes to the current folder")]
#[cfg(feature = "sweep")]
#[path = "../examples/sweep.rs"]
mod sweep;

#[test]
fn convolution_runs() {
    convolution::main().unwrap();
}

#[test]
fn layer_runs() {
    layer::main().unwrap();
}

#[test]
fn mixed_methods_runs() {
    mixed_methods::main().unwrap();
}

#[test]
fn own_loop_runs() {
    own_loop::main().unwrap();
}

#[test]
fn sparse_runs() {
    sparse::main().unwrap();
}

#[cfg(feature = "sweep")]
#[test]
fn sweep_runs_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    sweep::run(folder.path()).unwrap();
    sweep::run(folder.path()).unwrap();
}
