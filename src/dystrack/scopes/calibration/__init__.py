"""How a stage lies to its images: measured by small moves, judged, kept for each objective."""
