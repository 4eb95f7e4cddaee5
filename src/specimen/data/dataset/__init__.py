"""The packed store and the encoding of features: all that training sees of the data."""
