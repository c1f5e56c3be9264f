"""What people see: walls and phones."""
