"""The plots of the test split."""
