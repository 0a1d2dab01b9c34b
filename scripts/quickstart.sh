#!/usr/bin/env bash
# Make a virtual environment in .venv, install lt-prune, and run the main job on the embedded digits.
# Options are passed on, for example: scripts/quickstart.sh --ratio 0.3
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check .
.venv/bin/lt-prune run --out quickstart "$@"
