"""Time and chance from the machine."""
