"""The API Gateway authorizer: it reads public keys and revocations, and writes nothing."""
