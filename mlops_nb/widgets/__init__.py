"""Widgets for notebooks: a panel to try things out, and live tables and charts."""
