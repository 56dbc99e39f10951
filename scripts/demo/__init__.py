"""The demonstration: portraits, a drawn doorway, people who walk up to it, and Muster on its own command line."""
