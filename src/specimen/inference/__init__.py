"""From a model file and photos to a table of predictions."""
