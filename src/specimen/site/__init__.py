"""The page without a server: a folder of files that predicts in the browser, on a phone without a network too."""
