"""People who never were, drawn with exact labels: to train on, to test on, to show."""
