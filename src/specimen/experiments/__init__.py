"""Many runs: the search space, one trial, cross-validation, the balance of splits."""
