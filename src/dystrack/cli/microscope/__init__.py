"""Commands that reach a microscope."""
