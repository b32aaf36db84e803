"""The drivers of Kubernetes. Here: its API, what it says, and how its objects are read.

`cluster` is the ground that a run stands on; `pods` the driver `kind`, which puts each part of an environment into a
pod; `native` the driver `kubernetes`, where an environment's own manifests do that; `breaking` is what faults do to a
cluster; `load` where the load's workers run in it.
"""

try:
    import kubernetes  # noqa: F401
except ImportError as error:
    raise ImportError(f"{error}; pip install 'rollproof[kind]'") from error
