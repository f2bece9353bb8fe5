"""Recorded prescans, played into a session."""
