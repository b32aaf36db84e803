"""Event schemas: may what one version wrote be read by another, and if not, an event that proves it."""
