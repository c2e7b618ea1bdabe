"""Key rings in DynamoDB and signing keys in KMS."""
