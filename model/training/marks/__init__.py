"""People in real videos, marked by hand, and how far a model is from the marks."""
