"""What the work costs, beside what a user would otherwise run and the floor that libraries and disk set.

`python3 run.py python -m benchmarks` runs all, names pick some, `--list` tells them. The contenders of one benchmark
take turns in one process, so that a noisy machine meets them alike; what is told are ratios and counts, never times.
"""
