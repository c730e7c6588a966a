"""Benchmarks beside peers and baselines, in one run on one machine: `lyceum bench`."""
