"""Recorded streams replayed through versions of the user's code, a process each, and what comes of it judged."""
