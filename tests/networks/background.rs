//! Training in the background: the numbers of a plain run, bit for bit, beside other work; what stopping keeps; and that
//! no error is lost.

use std::time::{Duration, Instant};

use vardrop::data::{Splits, synthetic};
use vardrop::network::Network;
use vardrop::training::{BackgroundRun, Config, History, Phase, Run, background, train};
use vardrop::{Error, Method};

/// 700 training examples, which minibatches of 64 do not divide.
fn splits() -> Splits {
    Splits::hold_out(synthetic(850, 1), synthetic(100, 2), 150).unwrap()
}

fn config(method: Method) -> Config {
    Config::new(method, &[12, 10]).epochs(3).batch_size(64).threads(1)
}

/// A run that would go on for hours.
fn endless() -> Config {
    config(Method::VariationalA2).epochs(1_000_000)
}

/// Everything but the seconds, bit for bit.
fn numbers(history: &History, network: &Network) -> (History, Vec<u32>) {
    let mut history = history.clone();
    history.epochs.iter_mut().for_each(|epoch| epoch.seconds = 0.0);
    let parameters = network.parameters();
    (history, parameters.into_iter().flat_map(|(_, values)| values).map(|x| x.to_bits()).collect())
}

fn numbers_of(run: &Run) -> (History, Vec<u32>) {
    numbers(&run.history, &run.network)
}

fn until(job: &BackgroundRun, reached: impl Fn(&BackgroundRun) -> bool) {
    let start = Instant::now();
    while !reached(job) {
        assert!(start.elapsed() < Duration::from_secs(60), "still at {}", job.status());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn runs_side_by_side_give_the_bits_of_plain_ones() {
    let splits = splits();
    for (method, other, threads) in [
        (Method::None, Method::VariationalB, 1),
        (Method::VariationalB, Method::Sparse, 2),
        (Method::VariationalA2, Method::Binary, 2),
    ] {
        let (config, other) = (config(method).threads(threads), config(other).threads(threads).seed(7));
        let plain = [&config, &other].map(|config| numbers_of(&train(config, &splits, |_| {}).unwrap()));
        let jobs = [&config, &other].map(|config| background(config, &splits).unwrap());
        // What a cell computes meanwhile.
        let live = train(&other, &splits, |_| {}).unwrap();
        assert_eq!(numbers_of(&live), plain[1], "{method}, {threads} threads");
        for (job, plain) in jobs.iter().zip(&plain) {
            assert_eq!(numbers_of(&job.wait().unwrap()), *plain, "{method}, {threads} threads");
            assert_eq!(job.status().phase, Phase::Finished);
        }
    }
}

#[test]
fn stopping_keeps_the_epochs_that_have_ended() {
    let splits = splits();
    let job = background(&endless(), &splits).unwrap();
    until(&job, |job| job.status().history.epochs.len() >= 2);
    assert!(!job.is_finished() && job.status().seconds_left().is_some_and(|left| left > 1.0));
    let run = job.stop().unwrap();
    assert!(job.is_finished());
    let epochs = run.history.epochs.len();
    assert!((2..1000).contains(&epochs), "{epochs}");
    let plain = train(&endless().epochs(epochs), &splits, |_| {}).unwrap();
    assert_eq!(numbers_of(&run), numbers_of(&plain));
    assert_eq!(run.best, plain.best);
    // Whoever asks again gets the same.
    for again in [job.stop().unwrap(), job.wait().unwrap()] {
        assert_eq!(numbers_of(&again), numbers_of(&run));
    }
    let status = job.status();
    assert_eq!((status.phase.clone(), status.history), (Phase::Stopped, run.history));
}

#[test]
fn stopping_before_an_epoch_has_ended_says_how_far_it_was() {
    // One epoch of 850 steps or so of a network that takes its time.
    let splits = Splits::hold_out(synthetic(2_000, 1), synthetic(100, 2), 0).unwrap();
    let job = background(&Config::new(Method::None, &[400, 400]).batch_size(1).threads(1), &splits).unwrap();
    until(&job, |job| job.status().step > 0);
    let message = job.stop().unwrap_err().to_string();
    assert!(message.contains("stopped at step ") && message.contains(" of 2000 of its first epoch"), "{message}");
    assert_eq!(job.status().phase, Phase::Stopped);
}

#[test]
fn an_error_of_the_run_is_the_error_of_waiting_and_of_stopping() {
    let splits = splits();
    let job = background(&config(Method::None).learning_rate(1e30), &splits).unwrap();
    for error in [job.wait().unwrap_err(), job.stop().unwrap_err()] {
        assert!(matches!(error, Error::Background { .. }));
        assert!(error.to_string().contains("training stopped; try a smaller learning rate"), "{error}");
    }
    assert!(matches!(job.status().phase, Phase::Failed(_)));
}

#[test]
fn a_wrong_setting_is_an_error_at_once() {
    let message = background(&config(Method::None).epochs(0), &splits()).unwrap_err().to_string();
    assert!(message.contains("epochs is 0"), "{message}");
    let message = background(&config(Method::None).batch_size(1000), &splits()).unwrap_err().to_string();
    assert!(message.contains("batch_size 1000 is more than the 700 training examples"), "{message}");
}

#[test]
fn a_status_is_a_copy_that_stays_as_it_is() {
    let job = background(&config(Method::VariationalA2), &splits()).unwrap();
    let before = job.status();
    let run = job.wait().unwrap();
    let after = job.status();
    assert!(before.history.epochs.len() <= after.history.epochs.len());
    assert_eq!((after.seconds_left(), after.dataset.as_str()), (None, "synthetic"));
    assert_eq!(after.history, run.history);
    assert!(run.to_string().starts_with("variational-a2, 784-12-10-10, seed 1, 3 epochs: validation error "), "{run}");
    assert!(run.to_string().ends_with(&format!("at epoch {}", run.best.epoch)), "{run}");
}
