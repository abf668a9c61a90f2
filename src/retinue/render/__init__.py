"""Pure functions from values to text and JSON. Prints nothing and reads no file, clock or environment."""
