//! Every example runs. What each claims, it asserts itself.

#[path = "../examples/convolution.rs"]
mod convolution;
#[allow(dead_code, reason = "its main reads the arguments")]
#[path = "../examples/csv.rs"]
mod csv;
#[path = "../examples/layer.rs"]
mod layer;
#[path = "../examples/mixed_methods.rs"]
mod mixed_methods;
#[path = "../examples/own_loop.rs"]
mod own_loop;
#[allow(dead_code, reason = "its main writes to the current folder")]
#[cfg(feature = "figures")]
#[path = "../examples/regression.rs"]
mod regression;
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
fn csv_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("houses.csv");
    csv::made_up(&path).unwrap();
    csv::run(&path, "price").unwrap();
    assert!(csv::run(&path, "rent").unwrap_err().to_string().contains("rent"));
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

#[cfg(feature = "figures")]
#[test]
fn regression_runs_and_writes_a_figure() {
    let folder = tempfile::tempdir().unwrap();
    let figure = folder.path().join("regression.png");
    regression::run(&figure).unwrap();
    assert!(std::fs::read(figure).unwrap().starts_with(b"\x89PNG"));
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
