"""The load's workers as pods of the run's namespace."""
