"""The embedded stack: the project's own template on an emulator, in this machine's memory and on its loopback."""
