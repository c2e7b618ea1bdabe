"""The only room that talks to AWS: one module per port and technology."""
