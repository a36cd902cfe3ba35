"""The door to MLflow: runs, versions and artifacts."""
