"""From an idea to a pipeline that can be trusted, and to an experiment that is set up."""
