"""The linter: whether a notebook is ready for production."""
