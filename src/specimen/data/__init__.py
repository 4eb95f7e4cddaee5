"""From photos and a label table to the packed data set, and what there is to see in it."""
