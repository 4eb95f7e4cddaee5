"""Trackers, MLflow and Dagster."""
