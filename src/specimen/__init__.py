"""Specimen: one folder per part, one idea per file; the commands in `src/*.py` put them to work."""
