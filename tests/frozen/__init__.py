"""Stores as an earlier release left them, and how they are put back; see README.md."""
