"""Plots and tables of the data, before any model."""
