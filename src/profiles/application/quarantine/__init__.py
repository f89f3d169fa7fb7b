"""What was rejected: to be looked through."""
