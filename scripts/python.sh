#!/bin/sh
# Says in a sentence what is missing when a Python cannot make the environment.
python=$1
if ! command -v "$python" >/dev/null 2>&1; then
  echo "There is no $python here. Install Python 3.11 or newer, or name yours: make run PYTHON=/path/to/python3" >&2
  exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "$python is $("$python" -V 2>&1), and 3.11 or newer is needed. Name a newer one: make run PYTHON=python3.12" >&2
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
  echo "$python cannot make environments. On Debian and Ubuntu: apt install python3-venv" >&2
  exit 1
fi
