"""From strokes on prescans to a model: a person paints, a forest learns."""
