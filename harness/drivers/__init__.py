"""Drivers bring an environment up and down: `local` as processes on loopback."""
