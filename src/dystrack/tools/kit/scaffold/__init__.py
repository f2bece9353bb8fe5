"""The beginning of a pipeline of one's own."""
