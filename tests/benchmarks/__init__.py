"""Tests of the benchmarks: how they are run, and that each runs."""
