"""What a journal tells of a run: rows for reports and for live pages."""
