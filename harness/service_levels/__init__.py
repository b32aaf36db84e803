"""Service level objectives: what is promised to users, how much of the error budget is spent, and how fast.

objective    what is promised
burn_rate    multi-window, multi-burn-rate alerts, scaled to the length of a run
openslo      objectives from OpenSLO's YAML; what is not supported is named
"""
