"""The Coral Edge TPU, in a child process: its library ends the process that it is in, so that must not be the unit."""
