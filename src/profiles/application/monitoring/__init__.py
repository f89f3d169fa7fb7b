"""Watching a job while it runs: how far it is, whether it is alive, and whether it can work."""
