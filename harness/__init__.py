"""Proves that a deployment has no downtime and that its rollback works, before production."""

__version__ = "0.1.0"
