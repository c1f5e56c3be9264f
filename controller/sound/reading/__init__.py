"""How Mandarin is read: numbers, dates, letters, names, repairs of the engine. Pure; the door is `mandarin`."""
