"""BlazePose's landmark network in torch, read from the file that LiteRT runs."""
