"""Whether the photos of today are still like those that the model was trained on."""
