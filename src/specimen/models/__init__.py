"""The model, its task, and the one way from a picture to a prediction."""
