"""The process that has the user's code in it, what is in it, and how to talk to it.

User code is never loaded into the harness's own process: it may hang, exit, or patch what is around it.
"""
