"""Pages in a browser, as tests and pictures of the docs need them."""
