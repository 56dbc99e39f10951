"""Thinking: arrays in, arrays out. No clock, no file, no thread."""
