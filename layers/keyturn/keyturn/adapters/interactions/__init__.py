"""Interactions in DynamoDB."""
