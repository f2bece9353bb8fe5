"""A web server that is safe to leave on: who may see and do what, for any pages."""
