"""Steps that pipelines share, each a small function on arrays."""
