"""Sessions in DynamoDB."""
