"""The command line: one file per noun, assembled by ``main``."""
