"""How well a model predicts: metrics, intervals, baselines, explanations."""
