"""Image analysis pipelines: from the path of a prescan to the next coordinates."""
