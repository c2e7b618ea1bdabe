"""Sessions: one browser in which one user is signed in."""
