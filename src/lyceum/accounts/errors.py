from lyceum.core.errors import NotAllowed, NotAuthenticated, TooMany


class InvalidCredentials(NotAuthenticated):
    code, title = "invalid_credentials", "The address or the password is wrong."


class Locked(TooMany):
    code, title = "locked", "Too many tries. Wait before the next one."


class TokenInvalid(NotAuthenticated):
    code, title = "token_invalid", "This token is not valid."


class TokenRotated(NotAuthenticated):
    code, title = "token_rotated", "This token was just used by another request."


class TokenReused(NotAuthenticated):
    code, title = "token_reused", "This token was used before; the sign-in has been ended."


class TokenRevoked(NotAuthenticated):
    code, title = "token_revoked", "This sign-in has been ended."


class EmailUnverified(NotAllowed):
    code, title = "email_unverified", "Open the link in the mail that we sent you first."
