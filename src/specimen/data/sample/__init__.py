"""The drawn plants of the embedded data set."""
