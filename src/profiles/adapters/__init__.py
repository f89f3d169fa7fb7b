"""The drivers, each behind a port: one module or package per edge, none of which knows another.

Importing an adapter connects to nothing; it connects when it is entered.
"""
