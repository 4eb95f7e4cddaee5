"""From two revisions to the facts of the report, one file a section."""
