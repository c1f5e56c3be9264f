"""The voice's inside: scripts, engines, the studio that makes one clip, the shelf that keeps it."""
