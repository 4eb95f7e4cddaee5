"""Reading sheets, photos and zips."""
