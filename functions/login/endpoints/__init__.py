"""The pages and posts of the login, one module for each task of a user."""
