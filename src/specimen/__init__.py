"""The nouns of Specimen: each module is one idea; the verbs beside this package (`src/*.py`) put them to work."""
