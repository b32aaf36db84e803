"""The driver `kind`: each part of an environment in a pod of its own, in one namespace of a real Kubernetes cluster."""

try:
    import kubernetes  # noqa: F401
except ImportError as error:
    raise ImportError(f"{error}; pip install 'rollproof[kind]'") from error
