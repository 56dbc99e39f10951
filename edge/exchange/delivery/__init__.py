"""How rows reach a place that can be pulled, full, torn, another one than yesterday, or not there."""
