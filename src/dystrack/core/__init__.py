"""Shared vocabulary of all rooms; needs numpy and the standard library only."""
