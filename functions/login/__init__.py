"""The login: the hosted pages where users sign in, allow applications, and look after their account."""
