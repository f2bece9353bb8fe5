"""From a pipeline's answer to what may be sent."""
