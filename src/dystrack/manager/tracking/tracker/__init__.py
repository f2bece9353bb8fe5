"""The memory of a position: filters, gate and search, in µm; it knows no session."""
