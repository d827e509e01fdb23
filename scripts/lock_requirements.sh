#!/usr/bin/env bash
# Writes requirements.txt anew: the newest versions that requirements.in allows, for every Python from 3.10 on.
set -euo pipefail
cd "$(dirname "$0")"
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check uv
{
    echo '# Written by `make lock` from requirements.in: every package that Python installs, in one version.'
    "$tools/bin/uv" pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes \
        --no-header --no-emit-index-url --no-emit-find-links requirements.in
} >requirements.new
mv requirements.new requirements.txt
