"""Photographs of one person are taken at the unit itself, ready to be enrolled."""
