"""BlazePose's landmark network as published, in torch, read from its file."""
