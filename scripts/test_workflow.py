"""The workflow of public CI runs commands of the Makefile, with pinned actions and no rights."""

import itertools
import re
import unittest
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
TARGETS = set(re.findall(r"(?m)^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text()))


class Workflow(unittest.TestCase):
    def setUp(self):
        self.workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())
        self.steps = [step for job in self.workflow["jobs"].values() for step in job["steps"]]

    def commands(self):
        """What the steps run, with each value that a job's matrix puts there."""
        for job in self.workflow["jobs"].values():
            matrix = job.get("strategy", {}).get("matrix", {})
            for command in filter(None, (step.get("run") for step in job["steps"])):
                names = re.findall(r"\$\{\{ matrix\.(\w+) \}\}", command)
                for values in itertools.product(*(matrix[name] for name in names)):
                    filled = command
                    for name, value in zip(names, values):
                        filled = filled.replace(f"${{{{ matrix.{name} }}}}", value)
                    yield filled

    def test_what_it_makes_is_in_the_makefile_and_make_test_is_part_of_it(self):
        made = {target for command in self.commands() for target in re.findall(r"\bmake (\S+)", command)}
        self.assertLessEqual(made, TARGETS)
        self.assertLessEqual({"test", "test-features", "test-aarch64"}, made)

    def test_it_runs_on_both_kinds_of_processor(self):
        runners = self.workflow["jobs"]["test"]["strategy"]["matrix"]["runner"]
        self.assertEqual({runner.endswith("-arm") for runner in runners}, {True, False})

    def test_it_may_only_read(self):
        self.assertEqual(self.workflow["permissions"], {"contents": "read"})
        self.assertFalse([name for name, job in self.workflow["jobs"].items() if "permissions" in job])

    def test_each_action_is_pinned_to_a_commit(self):
        for action in filter(None, (step.get("uses") for step in self.steps)):
            self.assertRegex(action, r"^actions/[a-z-]+@[0-9a-f]{40}$")

    def test_what_it_caches_changes_with_the_files_that_it_is_made_of(self):
        for step in self.steps:
            for pattern in re.findall(r"'([^']+)'", step.get("with", {}).get("key", "")):
                self.assertTrue(list(ROOT.glob(pattern)), pattern)


if __name__ == "__main__":
    unittest.main()
