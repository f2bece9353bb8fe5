"""Pages of sessions in a browser; the one door to the web server and to alerts.

A page is a process of its own that reads what a session leaves on the disk. It never shares memory
with one, so it can neither slow nor crash it.
"""
