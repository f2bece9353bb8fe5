"""Whether this computer is ready for a run, and if not, what is to be done."""
