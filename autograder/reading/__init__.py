"""What was handed in, from bytes to answers."""
