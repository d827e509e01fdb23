"""The notebook runner sees each way in which a notebook can fail: little notebooks, run in the real kernel."""

import contextlib
import io
import os
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import run_notebooks
from kernel_session import KernelError

KERNEL = {"name": "rust", "display_name": "Rust", "language": "rust"}
LAST = 'println!("the end");'


def write(folder, name, *cells):
    """Writes a notebook of code cells and returns its path."""
    path = Path(folder) / f"{name}.ipynb"
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL})
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(notebook, path)
    return path


def failure(path, timeout):
    """Runs a notebook; returns what the runner has against it, or None where it passes."""
    options = run_notebooks.parse(["--timeout", str(timeout), "--write", str(path)])
    try:
        run_notebooks.run_notebook(path, options)
    except (run_notebooks.Failure, KernelError) as found:
        return str(found)
    return None


CASES = {
    "passes": ["let x = 1;", LAST],
    "panic": ['panic!("on purpose");', LAST],
    "question mark": ['let x: u32 = "no number".parse()?;', LAST],
    "compile error": ["let x: u32 = false;", LAST],
    "no figure": [
        r'println!("EVCXR_BEGIN_CONTENT text/plain\nError: cannot be drawn\nEVCXR_END_CONTENT");',
        LAST,
    ],
    "debug form": [
        "#[derive(Debug)] pub struct Shown { pub x: u32 }\nShown { x: 1 }",
        LAST,
    ],
    "exit": ["std::process::exit(3);", LAST],
    "dies at its end": [
        "use std::{process::exit, thread::{sleep, spawn}, time::Duration};",
        "spawn(|| { sleep(Duration::from_millis(200)); exit(3) });",
    ],
    "hangs": ['use std::io::Write; print!("no newline"); std::io::stdout().flush();', LAST],
    "stand-in": [
        'println!("MNIST could not be downloaded, so the digits below are synthetic and not comparable: no network");',
        LAST,
    ],
    "empty": [],
}


class RunnerSeesFailures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.paths = {name: write(cls.folder.name, name, *cells) for name, cells in CASES.items()}
        # These notebooks do not use the crate.
        os.environ["KERNEL_PRELOAD"] = "0"
        log = io.StringIO()
        with contextlib.redirect_stdout(log), ThreadPoolExecutor(4) as pool:
            # A cell's limit is far above what it needs on a slow machine; only the cell that hangs waits for its end.
            limits = {name: 10 if name == "hangs" else 600 for name in CASES}
            runs = {name: pool.submit(failure, path, limits[name]) for name, path in cls.paths.items()}
            cls.found = {name: run.result() for name, run in runs.items()}
        cls.log = log.getvalue()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_a_notebook_that_does_all_it_should_passes_and_its_outputs_are_stored(self):
        self.assertIsNone(self.found["passes"])
        outputs = nbformat.read(self.paths["passes"], as_version=4).cells[-1].outputs
        self.assertEqual(outputs[0].text.strip(), "the end")

    def test_a_panic_fails(self):
        self.assertIn("panicked", self.found["panic"])

    def test_an_error_from_a_question_mark_fails(self):
        self.assertIn("invalid digit found in string", self.found["question mark"])

    def test_a_compile_error_fails(self):
        self.assertIn("mismatched types", self.found["compile error"])

    def test_an_error_in_place_of_a_figure_fails(self):
        self.assertIn("cannot be drawn", self.found["no figure"])

    def test_a_value_in_its_debug_form_fails(self):
        self.assertIn("debug form", self.found["debug form"])

    def test_an_execution_that_dies_fails(self):
        self.assertIn("error", self.found["exit"])

    def test_a_program_that_dies_after_its_last_cell_fails(self):
        self.assertIsNotNone(self.found["dies at its end"])

    def test_a_cell_that_hangs_runs_out_of_time(self):
        self.assertIn("did not end within 10 s (`print!`", self.found["hangs"])

    def test_outputs_of_other_digits_than_mnists_are_not_stored(self):
        self.assertIn("MNIST was not found", self.found["stand-in"])
        for cell in nbformat.read(self.paths["stand-in"], as_version=4).cells:
            self.assertEqual(cell.outputs, [])

    def test_a_notebook_without_code_fails(self):
        self.assertIn("no code cell", self.found["empty"])

    def test_a_failed_notebook_keeps_its_file_as_it_was(self):
        for cell in nbformat.read(self.paths["panic"], as_version=4).cells:
            self.assertEqual(cell.outputs, [])

    def test_the_log_shows_the_failing_cell(self):
        self.assertIn('panic!("on purpose");', self.log)

    def test_no_notebook_at_all_is_a_failure(self):
        root, run_notebooks.ROOT = run_notebooks.ROOT, Path(self.folder.name)
        try:
            with contextlib.redirect_stderr(io.StringIO()) as said:
                self.assertEqual(run_notebooks.main([]), 1)
        finally:
            run_notebooks.ROOT = root
        self.assertIn("no notebooks", said.getvalue())


if __name__ == "__main__":
    unittest.main()
