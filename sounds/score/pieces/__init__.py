"""The music: `MORNING` is calm, `ROUSING` wakes the office after its nap."""
