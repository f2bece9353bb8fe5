"""ZEN Blue from 3.11 on, through its API Gateway; nothing of the vendor's code is needed."""
