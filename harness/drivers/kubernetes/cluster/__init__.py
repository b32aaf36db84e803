"""The cluster and the namespace that a run uses: made, found, prepared, and removed."""
