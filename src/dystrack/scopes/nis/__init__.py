"""Nikon NIS-Elements from 6.20 on, through its Scheduler API."""
