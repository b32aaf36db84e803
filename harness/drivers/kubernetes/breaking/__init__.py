"""What faults do to a cluster, past its ordinary API: to pods, to nodes, to what everybody in it needs."""
