"""A page on which a person marks prescans: strokes to learn from, or where the target is."""
