"""What the office hears."""
