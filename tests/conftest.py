"""Standing here puts this folder on the path: `recording` is used by the tests of several rooms."""
