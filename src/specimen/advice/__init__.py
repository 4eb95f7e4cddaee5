"""What a lab should do next: which labels to check, where the model fails, and what more plants would bring."""
