"""The driver `kubernetes`: an environment by its own manifests, rolled out by Deployments or by a tool of the user."""
