"""The decoder: a child process that turns a video's bytes into pictures, and the parent's end of it."""
