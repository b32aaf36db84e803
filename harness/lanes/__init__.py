"""What goes on at the same time during a run: the deployment and the faults, beside the load and the probes."""
