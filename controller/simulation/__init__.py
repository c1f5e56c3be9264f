"""The office with another clock: a rehearsal on a copy of the data, and the demo."""
