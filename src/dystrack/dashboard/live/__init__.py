"""Sessions as a page shows them, read from their folders while they go on."""
