"""Jobs: notebooks that run unattended, and what they report."""
