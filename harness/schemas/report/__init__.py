"""What was decided of schemas, as text for people, as JSON, and as SARIF for code review."""
