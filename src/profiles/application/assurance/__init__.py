"""Proof that all is well: `doctor` for what a job is joined to, `verify` for what is held."""
