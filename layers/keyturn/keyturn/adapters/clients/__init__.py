"""Clients and resource servers in DynamoDB."""
