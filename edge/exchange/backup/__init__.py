"""The database as one encrypted file that somebody keeps elsewhere, and back."""
