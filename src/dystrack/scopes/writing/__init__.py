"""How prescans get on the disk."""
