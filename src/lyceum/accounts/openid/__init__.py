"""Signing in with an OpenID provider that the operator names."""
