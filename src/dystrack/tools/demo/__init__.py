"""A simulated run, shown live."""
