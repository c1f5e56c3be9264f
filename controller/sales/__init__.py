"""Sales: the store, deals, people, standings, and the texts announced about them."""
