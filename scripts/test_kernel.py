"""What a person has of the real kernel besides running cells: completion, documentation, display, errors in a sentence."""

import time
import unittest
from pathlib import Path

from kernel_session import session, show, stream_text

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
PLOTLY = "application/vnd.plotly.v1+json"
FIRST = """:dep vardrop = { path = "..", default-features = false, features = ["notebook"] }
use vardrop::data::{Splits, synthetic};
use vardrop::training::{Config, Trainer, background, train};
use vardrop::{Cell, DisplayList, Method, Table};
"""
DATA = """let splits = Splits::hold_out(synthetic(600, 1), synthetic(100, 2), 100)?;
let config = Config::new(Method::Sparse, &[20, 10]).epochs(2).batch_size(50).threads(1);
let run = train(&config, &splits, |progress| println!("{progress}"))?;
let background_config = config.clone().epochs(100_000);
let trained = vardrop::training::snapshots(&config, &splits, &[1], &mut |_| {})?;
let plan = vardrop::variance::Plan { layers: vec![0], batch_size: 100, passes: 1, seed: 1 };
let pruned = vardrop::sparse::SparseNetwork::new(&vardrop::sparse::prune(&run.network, -1.0)?)?;
let sampling = vardrop::uncertainty::Sampling::draws(4).threads(1);
let predictive = vardrop::uncertainty::Predictive::of_dataset(&run.network, &splits.test, sampling)?;
let calibration = predictive.calibration(splits.test.labels(), 10)?;
let records = vardrop::experiment::Records::open("../results/first_light.jsonl")?;
let (measured, _) = vardrop::variance::VarianceRecord::open("../results/table1")?;
let (prunings, _) = vardrop::sparse::PruneRecord::open("../results/sparse/lenet-300-100.jsonl")?;
let (evaluations, _) = vardrop::uncertainty::EvaluationRecord::open("../results/uncertainty")?;
"""
# What a cell ends with, and the best that it shows.
SHOWN = {
    "splits": PLOTLY,
    "splits.train.clone()": PLOTLY,
    "splits.train.images().clone()": PLOTLY,
    "run": PLOTLY,
    "run.history": PLOTLY,
    "run.history.epochs": "text/html",
    "run.history.epochs[0]": "text/plain",
    "run.best": "text/plain",
    "run.network": "text/html",
    "run.network.layers()[0]": "text/html",
    "run.network.summary()": "text/html",
    "trained": "text/html",
    "trained[0]": "text/html",
    "config": "text/html",
    "config.protocol": "text/html",
    "config.method": "text/plain",
    "predictive": PLOTLY,
    "predictive.prediction(0)?": PLOTLY,
    "predictive.uncertainties().to_vec()": "text/html",
    "predictive.mean_uncertainty()": "text/html",
    "calibration": PLOTLY,
    "calibration.bins": "text/html",
    "sampling": "text/html",
    "pruned": "text/html",
    "pruned.sparsity()": "text/html",
    "records": "text/html",
    "records.summaries()": "text/html",
    "records.iter().next().unwrap().clone()": PLOTLY,
    "measured": "text/html",
    "measured[0].measurement": "text/html",
    "measured[0].measurement.layers[0].interval.unwrap()": "text/html",
    "prunings": "text/html",
    "evaluations": "text/html",
    "evaluations[0]": "text/html",
    "plan": "text/html",
    "vardrop::experiment::paper::figure1()": "text/html",
    "vardrop::experiment::paper::table1()": "text/html",
    "vardrop::optimizer::AdamSettings::default()": "text/html",
    "vardrop::figures::learning_curves(&run.history)": PLOTLY,
}
# Mistakes, and the sentence that each of them is.
SENTENCES = {
    "Config::new(Method::None, &[0]).network(784, 10)?;": "expected",
    'vardrop::experiment::Records::open("nowhere")?;': "nowhere",
    "vardrop::noise::alpha_of_rate(1.5)?;": "1.5",
    'let none: Option<u8> = None; none.ok_or("there is none")?;': "there is none",
}


class Kernel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kernel = session(NOTEBOOKS)
        cls.kernel = kernel.__enter__()
        cls.addClassCleanup(kernel.__exit__, None, None, None)
        for cell in (FIRST, DATA):
            outputs, _ = cls.kernel.execute(cell, 600)
            cls.trained = stream_text(outputs, "stdout")
            assert all(out.get("name") == "stdout" for out in outputs), show(outputs)

    def run_cell(self, code):
        outputs, _ = self.kernel.execute(code, 120)
        self.kernel.drain(0.1)
        return outputs

    def complete(self, code):
        reply = self.kernel.client.complete(code, len(code), reply=True, timeout=60)["content"]
        self.assertEqual(reply["status"], "ok")
        return reply["matches"]

    def inspect(self, code):
        content = self.kernel.client.inspect(code, len(code), reply=True, timeout=60)["content"]
        self.assertTrue(content["found"], f"nothing is said of {code!r}")
        self.assertIn("text/html", content["data"])
        return content["data"]["text/plain"]

    def test_tab_completes_the_names_of_the_crate_and_of_variables(self):
        for code, name in {
            "vardrop::": "training",
            "use vardrop::figures::learn": "learning_curves",
            "Method::Variational": "VariationalA2",
            "let c = Config::": "new",
            "config.epo": "epochs",
            "run.": "history",
            "spl": "splits",
        }.items():
            matches = self.complete(code)
            self.assertTrue(any(match.startswith(name) for match in matches), f"{code!r} gives {matches[:20]}")

    def test_shift_tab_shows_the_documentation(self):
        for code, words in {
            "let c = Config::new(": "hidden",
            "let r = background": "thread of its own",
            "Method::VariationalB": "VariationalB",
            "run.history": "History",
            "config.epochs": "fn epochs",
        }.items():
            self.assertIn(words, self.inspect(code))

    def test_a_cell_may_end_with_every_type_and_shows_it(self):
        for code, best in SHOWN.items():
            outputs = self.run_cell(code)
            errors = [out for out in outputs if out.output_type == "error" or out.get("name") == "stderr"]
            self.assertFalse(errors, f"{code}: {errors}")
            shown = [out.data for out in outputs if out.output_type == "execute_result"]
            self.assertEqual(len(shown), 1, f"{code}: {outputs}")
            self.assertIn(best, shown[0], f"{code}: {str(shown[0])[:300]}")
            self.assertIn("text/plain", shown[0], code)
            self.assertLess(len(shown[0]["text/plain"]), 5000, code)

    def test_an_error_is_one_readable_sentence(self):
        for code, word in SENTENCES.items():
            lines = stream_text(self.run_cell(code), "stderr").strip().splitlines()
            self.assertEqual(len(lines), 1, f"{code}: {lines}")
            self.assertIn(word, lines[0])
            self.assertNotRegex(lines[0], r"[{}]|Error|::", "it is written as Rust writes it")

    def test_a_mistake_in_a_cell_says_where_it_is(self):
        outputs = self.run_cell("let x: usize = Method::None;")
        (error,) = [out for out in outputs if out.output_type == "error"]
        self.assertIn("mismatched types", "\n".join(error.traceback))

    def test_training_says_how_long_it_still_takes(self):
        self.assertRegex(self.trained, r"(?m)^epoch 1/2: loss .* s(, ln α .*)?(; about .* left)?$")

    def test_a_run_in_the_background_is_polled_and_stopped_from_later_cells(self):
        self.run_cell("let job = background(&background_config, &splits)?;")
        deadline = time.monotonic() + 60
        text = ""
        while "epoch 3/" not in text and time.monotonic() < deadline:
            outputs = self.run_cell("job.status()")
            text = stream_text(outputs, "stdout")
        self.assertRegex(text, r"epoch \d+/100000, step .*; about .* left")
        self.assertIn(PLOTLY, outputs[-1].data)
        text = stream_text(self.run_cell('let stopped = job.stop()?;\nprintln!("{} epochs", stopped.history.epochs.len());'), "stdout")
        self.assertRegex(text, r"^[1-9]\d* epochs")
        self.assertIn("stopped", stream_text(self.run_cell("job.status()"), "stdout"))


if __name__ == "__main__":
    unittest.main()
