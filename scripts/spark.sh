#!/bin/sh
# Gets PySpark (some 450 MB) into the environment of the given Python, where there is Java to run it.
# Without either the tests of trainings on a cluster are skipped.
[ "$1" ] || { echo "usage: scripts/spark.sh PYTHON" >&2; exit 2; }
wanted=requirements/spark.txt
made=$(dirname "$1")/../.spark
cmp -s "$wanted" "$made" && exit 0
command -v java >/dev/null 2>&1 || {
  echo "Tests with Spark are skipped: there is no Java. Install version 17 or 21 to run them."
  exit 0
}
"$1" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$wanted" && cp "$wanted" "$made" && exit 0
echo "Tests with Spark are skipped: PySpark could not be installed."
