"""A USB stick that is known brings people in and takes rows away; any other is left alone."""
