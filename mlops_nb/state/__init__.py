"""The door to our own transactions: claims, attempts, alerts and the audit log (SQLAlchemy)."""
