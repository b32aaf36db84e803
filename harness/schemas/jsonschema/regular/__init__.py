"""Regular languages: which strings a `pattern` admits, and whether any string satisfies several of them at once."""
