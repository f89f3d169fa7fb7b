"""What a log holds: its records, the messages in them, and what is decided about a run of them."""
