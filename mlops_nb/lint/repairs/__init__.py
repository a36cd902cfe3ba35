"""Fixes that take more than replacing what was found: one module for each way to put it right."""
