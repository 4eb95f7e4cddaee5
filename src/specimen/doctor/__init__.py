"""What is wrong with a repository, its machine, its remote, its CI or its data, and the way out."""
