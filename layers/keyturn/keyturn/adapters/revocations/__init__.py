"""Revocations in DynamoDB: target items and the feed."""
