"""What is wrong with a pipeline and with prescans, before a sample is at stake."""
