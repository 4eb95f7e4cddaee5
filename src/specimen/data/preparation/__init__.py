"""From raw photos and labels to the packed store."""
