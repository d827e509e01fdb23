"""Checks the manifests of this folder without a cluster: .venv/bin/python deploy/test_kubernetes.py

Against Kubernetes' own definitions (kubernetes_schema.json), where a field that does not exist is an error, as it is for
`kubectl apply`; for what the definitions cannot say; and by running the Job's own command on a small plan.
"""

import copy
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import jsonschema
import yaml

HERE = pathlib.Path(__file__).parent
SCHEMA = json.loads((HERE / "kubernetes_schema.json").read_text())
MANIFESTS = {path.name: list(yaml.safe_load_all(path.read_text())) for path in sorted(HERE.glob("*.yaml"))}
DOCUMENTS = [document for documents in MANIFESTS.values() for document in documents]
# Their keys are names that a user chooses, or resources.
FREE = {"requests", "limits", "labels", "annotations"}
PLAN = """
data = "synthetic"
[protocol]
epochs = 1
held_out = 59000
[[grid]]
methods = ["none"]
widths = [4]
seeds = [1, 2, 3]
"""


def errors(document):
    name = SCHEMA["kinds"].get(document.get("kind"))
    if name is None:
        return [f"{document.get('kind')} is no kind of {list(SCHEMA['kinds'])}"]
    validator = jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def places(value, path=()):
    """The path of every value in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def at(document, path):
    for key in path:
        document = document[key]
    return document


def pods():
    for document in DOCUMENTS:
        if document["kind"] in ("Job", "Pod"):
            yield document["spec"]["template"]["spec"] if document["kind"] == "Job" else document["spec"]


JOB = next(document for document in DOCUMENTS if document["kind"] == "Job")


class Definitions(unittest.TestCase):
    def test_every_manifest_is_as_kubernetes_defines_it(self):
        for document in DOCUMENTS:
            self.assertEqual(errors(document), [])

    def test_a_misspelt_field_is_refused_wherever_it_is(self):
        count = 0
        for document in DOCUMENTS:
            for path in places(document):
                if isinstance(path[-1], int) or (len(path) > 1 and path[-2] in FREE):
                    continue
                wrong = copy.deepcopy(document)
                holder = at(wrong, path[:-1])
                holder[f"{path[-1]}s"] = holder.pop(path[-1])
                self.assertNotEqual(errors(wrong), [], f"{path} was misspelt")
                count += 1
        self.assertGreater(count, 100)

    def test_a_value_of_another_type_is_refused(self):
        for path, value in [
            (("spec", "completions"), "six"),
            (("spec", "template", "spec", "containers"), {}),
            (("spec", "template", "spec", "securityContext", "runAsNonRoot"), "yes"),
            (("spec", "template", "spec", "containers", 0, "command"), "vardrop"),
        ]:
            wrong = copy.deepcopy(JOB)
            at(wrong, path[:-1])[path[-1]] = value
            self.assertNotEqual(errors(wrong), [], path)

    def test_what_is_required_is_missed(self):
        for path in [("spec", "template"), ("spec", "template", "spec", "containers", 0, "name")]:
            wrong = copy.deepcopy(JOB)
            del at(wrong, path[:-1])[path[-1]]
            self.assertNotEqual(errors(wrong), [], path)


class Meaning(unittest.TestCase):
    def test_each_index_is_a_task_that_is_tried_again_alone(self):
        spec = JOB["spec"]
        self.assertEqual(spec["completionMode"], "Indexed")
        self.assertGreater(spec["backoffLimitPerIndex"], 0)
        # What Kubernetes demands together with backoffLimitPerIndex and podFailurePolicy.
        self.assertEqual(spec["template"]["spec"]["restartPolicy"], "Never")
        command = spec["template"]["spec"]["containers"][0]["command"]
        self.assertEqual(command[-2:], ["--task", "$(JOB_COMPLETION_INDEX)"])

    def test_records_lie_on_a_volume_that_all_pods_share(self):
        claim = next(document for document in DOCUMENTS if document["kind"] == "PersistentVolumeClaim")
        self.assertEqual(claim["spec"]["accessModes"], ["ReadWriteMany"])
        for pod in pods():
            volumes = {volume["name"]: volume for volume in pod["volumes"]}
            mounts = {mount["name"]: mount for mount in pod["containers"][0]["volumeMounts"]}
            self.assertEqual(volumes.keys(), mounts.keys())
            self.assertEqual(volumes["results"]["persistentVolumeClaim"]["claimName"], claim["metadata"]["name"])
            self.assertNotIn("readOnly", mounts["results"])

    def test_no_pod_may_be_root_or_write_elsewhere(self):
        for pod in pods():
            self.assertIs(pod["securityContext"]["runAsNonRoot"], True)
            self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
            self.assertIs(pod["automountServiceAccountToken"], False)
            for container in pod["containers"]:
                context = container["securityContext"]
                self.assertIs(context["readOnlyRootFilesystem"], True)
                self.assertIs(context["allowPrivilegeEscalation"], False)
                self.assertEqual(context["capabilities"], {"drop": ["ALL"]})

    def test_a_task_has_one_core_and_time_for_its_checkpoint(self):
        pod = JOB["spec"]["template"]["spec"]
        for bound in pod["containers"][0]["resources"].values():
            self.assertEqual(bound["cpu"], "1")
        self.assertGreaterEqual(pod["terminationGracePeriodSeconds"], 60)

    def test_the_image_is_the_dockerfiles(self):
        self.assertEqual({pod["containers"][0]["image"] for pod in pods()}, {"vardrop"})
        dockerfile = (HERE.parent / "Dockerfile").read_text()
        self.assertIn("docker build -t vardrop ", dockerfile)
        self.assertRegex(dockerfile, r"COPY --from=\w+ \S+ /usr/local/bin/vardrop")
        self.assertRegex(dockerfile, r"apt-get install .*\btini\b")
        self.assertIn("ARG NB_UID=1000", dockerfile)


class Command(unittest.TestCase):
    def test_the_jobs_command_trains_the_network_of_its_index(self):
        command = JOB["spec"]["template"]["spec"]["containers"][0]["command"]
        self.assertEqual(command[:2], ["tini", "--"])
        program = ["cargo", "run", "--quiet", "--locked", "--bin", "vardrop", "--"]
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "plan.toml").write_text(PLAN)

            def run(arguments):
                places = {"/plan/plan.toml": str(folder / "plan.toml"), "/results": str(folder / "results")}
                arguments = [places.get(argument, argument) for argument in arguments]
                done = subprocess.run(program + arguments, cwd=HERE.parent, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                return done.stdout

            count = int(run(["sweep", "/plan/plan.toml", "--count"]))
            for index in range(count):
                run([re.sub(r"^\$\(JOB_COMPLETION_INDEX\)$", str(index), argument) for argument in command[3:]])
                self.assertEqual(len(list((folder / "results").glob("*.jsonl"))), index + 1)
            records = [json.loads(path.read_text()) for path in (folder / "results").glob("*.jsonl")]
            self.assertEqual(sorted(record["seed"] for record in records), [1, 2, 3])


if __name__ == "__main__":
    unittest.main()
