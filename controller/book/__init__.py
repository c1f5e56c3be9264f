"""Who sold what: people, deals, standings, and what is broadcast of them."""
