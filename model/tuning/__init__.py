"""BlazePose's landmark network, taught further on rendered people whose landmarks are known."""
