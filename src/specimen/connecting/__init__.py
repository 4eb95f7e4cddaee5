"""From a clone to a repository whose CI reads and writes a bucket: a plan of steps, applied once and taken back."""
