"""Text to speech: a queue in the daemon, a child that renders, and the voices it can use."""
