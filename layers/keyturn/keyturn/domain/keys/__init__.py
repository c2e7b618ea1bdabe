"""Signing keys: the ring, its life cycle and the policy of rotation."""
