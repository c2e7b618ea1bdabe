"""Users: their profile, what an operator decides about them, and the applications that they allowed."""
