"""What DVC and Git know: commands, revisions, provenance."""
