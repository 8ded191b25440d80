"""The decoder: a child that turns a video's bytes into pictures, and the parent's end of it."""
