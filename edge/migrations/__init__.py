"""The database's schema as numbered SQL files: plain, forward only."""
