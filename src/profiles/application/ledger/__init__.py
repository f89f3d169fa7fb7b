"""The erasure ledger, whatever keeps it: its entries are checked one after the other."""
