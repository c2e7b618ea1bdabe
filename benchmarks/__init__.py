"""What `make bench` measures, counts and calculates; nothing here is part of what is deployed."""
