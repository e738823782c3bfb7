"""Runs the workers: processes of this machine (local.py), or a cluster of machines (cluster.py)."""
