"""Any microscope that Micro-Manager drives, through MMCore in this process."""
