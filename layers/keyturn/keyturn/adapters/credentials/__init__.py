"""Passwords, links, known browsers and attempts in DynamoDB, and the pepper in KMS."""
