"""Profiles, authorities and consents of users in DynamoDB."""
