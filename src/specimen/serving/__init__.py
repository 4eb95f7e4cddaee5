"""The web app: predictions for people and programs."""
