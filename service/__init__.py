"""The command line, the queue and the fronts around `model`."""
