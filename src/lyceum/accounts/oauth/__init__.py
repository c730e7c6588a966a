"""The workspace as an OAuth 2.1 and OpenID provider, by which people let apps act for them."""
