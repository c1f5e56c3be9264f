"""What should happen when: pure values and functions, but for one load()."""
