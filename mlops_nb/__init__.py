"""Carry machine-learning work from a Jupyter notebook into production and keep it healthy there."""

from __future__ import annotations
