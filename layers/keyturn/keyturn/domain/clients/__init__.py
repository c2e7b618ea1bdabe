"""Registrations: clients, their redirect URIs and resource servers."""
