"""Links to the outside: messages go out through one adapter per kind, records come in through one port."""
