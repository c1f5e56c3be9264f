"""What the house needs of the machine it stands on: folders, ports, signals, the lock, the watchdog, a certificate."""
