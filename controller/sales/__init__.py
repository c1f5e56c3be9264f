"""What the office sells and who sells it: the store, deals, people, standings, and the words made of them."""
