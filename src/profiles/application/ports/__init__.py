"""What the use cases need from the world, and what each promise is.

An adapter fulfils a port without inheriting from it. Every adapter of a port passes the same
suite in `tests/contracts/`.
"""
