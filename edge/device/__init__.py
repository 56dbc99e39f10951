"""The only place that names a driver."""
