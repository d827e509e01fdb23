"""The files around the image say the same: Dockerfile, compose.yaml, the devcontainer, and what Binder asks for."""

import json
import re
import unittest
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
START = (ROOT / "docker/start").read_text()

# Keys of a service that compose.yaml may use: https://github.com/compose-spec/compose-spec/blob/main/05-services.md
SERVICE = {"build", "cap_drop", "environment", "image", "ports", "read_only", "restart", "security_opt", "tmpfs", "volumes"}
# Of a devcontainer: https://containers.dev/implementors/json_reference
DEVCONTAINER = {"name", "build", "remoteUser", "forwardPorts", "portsAttributes", "postCreateCommand", "customizations"}


def stages():
    """The Dockerfile's stages: the name of each (or None), and its instructions."""
    found = []
    for line in re.sub(r"\\\n", " ", DOCKERFILE).splitlines():
        if begun := re.match(r"FROM \S+(?: AS (\S+))?$", line):
            found.append((begun[1], []))
        elif found and (instruction := re.match(r"([A-Z]+) (.*)", line)):
            found[-1][1].append(instruction.groups())
    return found


class Compose(unittest.TestCase):
    def setUp(self):
        self.compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
        (self.service,) = self.compose["services"].values()

    def test_every_key_is_one_of_the_specification(self):
        self.assertLessEqual(set(self.compose), {"services", "volumes"})
        self.assertLessEqual(set(self.service), SERVICE)

    def test_the_secrets_come_from_outside_and_the_image_reads_them(self):
        for name, value in self.service["environment"].items():
            self.assertEqual(value, f"${{{name}:-}}")
            self.assertIn(name, START)

    def test_every_named_volume_is_declared_and_its_place_is_in_the_image(self):
        places = dict(volume.rsplit(":", 1)[::-1] for volume in self.service["volumes"])
        self.assertEqual(places, {"/opt/vardrop/notebooks": "notebooks", "/vardrop": "${WORK:-work}"})
        self.assertEqual(set(self.compose["volumes"]), {"notebooks", "work"})
        self.assertIn("mkdir -p \"$CARGO_HOME\" /vardrop", DOCKERFILE)

    def test_nothing_can_be_written_but_volumes_and_a_tmp_that_programs_run_from(self):
        self.assertTrue(self.service["read_only"])
        self.assertEqual((self.service["cap_drop"], self.service["security_opt"]), (["ALL"], ["no-new-privileges:true"]))
        (tmp,) = self.service["tmpfs"]
        self.assertIn("exec", tmp.split(":")[1].split(","))

    def test_only_this_machine_reaches_the_port_unless_told_otherwise(self):
        self.assertEqual(self.service["ports"], ["${ADDRESS:-127.0.0.1}:${PORT:-8888}:8888"])


class Devcontainer(unittest.TestCase):
    def test_it_is_a_stage_of_the_same_dockerfile(self):
        settings = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
        self.assertLessEqual(set(settings), DEVCONTAINER)
        build = settings["build"]
        self.assertEqual((ROOT / ".devcontainer" / build["dockerfile"]).resolve(), ROOT / "Dockerfile")
        self.assertEqual((ROOT / ".devcontainer" / build["context"]).resolve(), ROOT)
        self.assertIn(build["target"], [name for name, _ in stages()])


class Binder(unittest.TestCase):
    """repo2docker's rules for a Dockerfile: https://repo2docker.readthedocs.io and binder-examples/minimal-dockerfile."""

    def test_no_folder_hides_the_dockerfile(self):
        self.assertFalse((ROOT / "binder").exists() or (ROOT / ".binder").exists())

    def test_the_user_is_the_one_that_is_asked_for_and_not_root(self):
        lab = dict(stages())["lab"]
        self.assertIn(("ARG", "NB_USER=vardrop"), lab)
        self.assertIn(("ARG", "NB_UID=1000"), lab)
        self.assertEqual([value for name, value in lab if name == "USER"], ["${NB_UID}"])
        self.assertIn(("ENV", "HOME=/home/${NB_USER}"), lab)

    def test_what_is_built_is_that_stage(self):
        self.assertTrue(DOCKERFILE.rstrip().endswith("\nFROM lab"))

    def test_a_command_runs_in_place_of_jupyterlab(self):
        self.assertRegex(START, r'if \[ \$# -gt 0 \] && \[\[ \$1 != -\* \]\]; then\n.*\n\s+exec tini -s -- "\$@"')


if __name__ == "__main__":
    unittest.main()
