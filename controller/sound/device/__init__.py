"""The player's inside: orders, ramps, tracks and clips; `device` alone names pygame."""
