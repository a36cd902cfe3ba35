"""The registry: model versions with their evidence, cards and gates."""
