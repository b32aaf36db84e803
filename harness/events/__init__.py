"""Observers of what a system under test does with its events: in its store, in its broker, in its read model."""
