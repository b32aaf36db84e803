"""The driver `kind`: each part of an environment in a pod of its own, in one namespace."""
