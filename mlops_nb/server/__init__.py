"""Jupyter Server handlers: thin, over the capabilities."""
