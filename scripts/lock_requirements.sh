#!/usr/bin/env bash
# Writes a folder's requirements.txt anew: the newest versions that its requirements.in allows, for every Python from a
# given one on: scripts/lock_requirements.sh FOLDER PYTHON
set -euo pipefail
cd "$(dirname "$0")/../$1"
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check uv
{
    echo '# Written by `make lock` from requirements.in: every package that Python installs, in one version.'
    "$tools/bin/uv" pip compile --quiet --upgrade --universal --python-version "$2" --fork-strategy fewest \
        --generate-hashes --no-header --no-emit-index-url --no-emit-find-links requirements.in
} >requirements.new
mv requirements.new requirements.txt
