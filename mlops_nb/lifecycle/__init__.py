"""Lifecycle: where a model's time goes, how mature a project is, what a policy would have done.

Pure values and computation; the records they are made from are gathered by actions.
"""
