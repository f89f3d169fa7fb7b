"""What was rejected: to be looked through, and to be taken up again once it can be read."""
