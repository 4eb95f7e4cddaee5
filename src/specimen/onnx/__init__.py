"""Writing and running `model.onnx`."""
