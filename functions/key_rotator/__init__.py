"""The key rotator: the only code that creates, retires or destroys signing keys."""
