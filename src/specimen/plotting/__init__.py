"""The common look of all plots."""
