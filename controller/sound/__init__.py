"""Everything audible: voice, music, the player and the announcer."""
