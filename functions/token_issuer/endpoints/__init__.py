"""One module per endpoint, each naming its RFC."""
