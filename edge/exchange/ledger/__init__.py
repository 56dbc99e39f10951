"""The ledger as others read it: a table, its dialects, and whether it is as it was written."""
