"""The backend of the example APIs: what stands behind the authorizer when there is nothing of one's own yet."""
