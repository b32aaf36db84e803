"""Recorded streams: events as a store or broker held them, read from it, scrubbed, kept in files and read again."""
