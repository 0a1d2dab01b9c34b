#!/usr/bin/env bash
# Make a virtual environment (in .venv, or where LT_PRUNE_VENV says), install lt-prune for testing, and run the tests.
# Options are passed on to pytest, for example: scripts/test.sh -m "not slow"
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${LT_PRUNE_VENV:-.venv}
[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable '.[test]'
# Three processes of one thread each, as some wait for others that they have started: every test file whole in one of them.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
"$venv/bin/python" -m pytest --numprocesses 3 --dist loadfile "$@"
