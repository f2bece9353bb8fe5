"""Commands of a run: start it, watch it, see what became of it."""
