"""Microscopes, simulated and real; they know neither manager nor pipelines."""
