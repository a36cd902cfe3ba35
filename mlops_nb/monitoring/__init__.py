"""Monitoring: whether the live model is still right, on data it knows, in time and worth it."""
