"""Passwords, links, known devices and attempts in DynamoDB, and the pepper in KMS."""
