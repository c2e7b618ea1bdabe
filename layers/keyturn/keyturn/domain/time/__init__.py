"""Time as data: instants, ages of what is kept, and service time. Nothing here reads a clock."""
