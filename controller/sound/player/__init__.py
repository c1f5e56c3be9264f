"""The player: a process of its own that holds pygame and the sound device."""
