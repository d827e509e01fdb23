"""Writes kubernetes_schema.json anew: the part of Kubernetes' OpenAPI definitions that the manifests here touch.

usage: pip download kubernetes-validate, unpack it, then
       .venv/bin/python deploy/kubernetes_schema.py …/kubernetes-json-schema/v1.33.0-local-strict/_definitions.json

That package carries the definitions of each version's OpenAPI specification as JSON Schema. Every field of an object that the
manifests use stays, by name and type; what lies below a field that they do not use is left out, and may then be anything.
"""

import json
import pathlib
import sys

import yaml

HERE = pathlib.Path(__file__).parent
KINDS = {
    "Job": "io.k8s.api.batch.v1.Job",
    "PersistentVolumeClaim": "io.k8s.api.core.v1.PersistentVolumeClaim",
    "Pod": "io.k8s.api.core.v1.Pod",
}


def used(name, value, definitions, found):
    """Adds to `found` the definitions that a value, an object of the definition `name`, touches."""
    found.add(name)
    for field, schema in definitions[name].get("properties", {}).items():
        if isinstance(value, dict) and field in value:
            used_by_field(schema, value[field], definitions, found)


def used_by_field(schema, value, definitions, found):
    if "$ref" in schema:
        used(schema["$ref"].rpartition("/")[2], value, definitions, found)
    elif isinstance(value, list):
        for item in value:
            used_by_field(schema.get("items", {}), item, definitions, found)
    elif isinstance(value, dict):
        for item in value.values():
            used_by_field(schema.get("additionalProperties", {}), item, definitions, found)


def trimmed(schema, found):
    """Without descriptions, and without references to what is not used."""
    if isinstance(schema, list):
        return [trimmed(item, found) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {"$ref": f"#/$defs/{name}"} if name in found else {}
    keep = {"type", "items", "enum", "required", "oneOf", "additionalProperties", "format"}
    short = {key: trimmed(value, found) for key, value in schema.items() if key in keep}
    if "properties" in schema:
        short["properties"] = {name: trimmed(value, found) for name, value in schema["properties"].items()}
        short["additionalProperties"] = False
    return short


def main(path):
    definitions = json.loads(pathlib.Path(path).read_text())["$defs"]
    found = set()
    for manifest in sorted(HERE.glob("*.yaml")):
        for document in yaml.safe_load_all(manifest.read_text()):
            used(KINDS[document["kind"]], document, definitions, found)
    version = pathlib.Path(path).parent.name.partition("-")[0]
    lines = [f" {json.dumps(name)}: {json.dumps(trimmed(definitions[name], found))}" for name in sorted(found)]
    header = json.dumps({"source": f"the OpenAPI specification of Kubernetes {version}", "kinds": KINDS})
    text = header[:-1] + ', "$defs": {\n' + ",\n".join(lines) + "\n}}\n"
    (HERE / "kubernetes_schema.json").write_text(text)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
