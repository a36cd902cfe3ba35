"""Tracking: runs, written to a local journal first and brought into the store behind."""
