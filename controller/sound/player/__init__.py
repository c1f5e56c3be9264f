"""The player: a separate process that owns pygame and the sound device."""
