"""The driver `containers`: each part of an environment in a container of its own, on a network of the run's own."""
