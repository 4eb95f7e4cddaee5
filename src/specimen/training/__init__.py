"""From the packed data set to a trained model."""
