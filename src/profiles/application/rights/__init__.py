"""The rights of the persons: what is held of them, and who was erased."""
