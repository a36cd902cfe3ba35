"""Actions: one verb a file; the only place that combines several capabilities."""
