"""Rules as pure functions and values: they import the standard library alone, without I/O and clocks."""
