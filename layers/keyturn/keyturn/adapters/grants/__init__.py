"""Grants, used assertions and rates in DynamoDB."""
