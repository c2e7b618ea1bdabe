"""The backend of the example APIs, behind the authorizer: an operator replaces it by a backend of their own."""
