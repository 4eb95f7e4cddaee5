"""What people who read an interval should know of it. Apart from the intervals, so that the comment needs no NumPy."""

TOO_NARROW = (
    "Where a few samples have by far the largest errors, the 95 % intervals of RMSE and R2 hold the truth in 82 to 92 "
    "of 100 cases only (docs/metrics.md)."
)
"""Measured by `bench/truth.py intervals`; to be said wherever people read these intervals."""
