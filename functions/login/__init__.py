"""The login: hosted pages where a user signs in, allows clients and looks after the account."""
