"""Time as data: instants, ages of cached data, and service time. Adapters read the clocks."""
