from typing import TYPE_CHECKING

from lyceum.core.errors import Conflict, NotAllowed, NotAuthenticated, TooMany

if TYPE_CHECKING:
    from lyceum.accounts.models import User


class InvalidCredentials(NotAuthenticated):
    code, title = "invalid_credentials", "The address or the password is wrong."


class OtpRequired(NotAuthenticated):
    """The password is right; `user` is whose it is, for an edge that asks for the code in a step of its own."""

    code, title = "otp_required", "Send a code of the second factor as otp too."

    def __init__(self, user: "User") -> None:
        super().__init__()
        self.user = user


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


class ConfirmationRequired(NotAllowed):
    code, title = "confirmation_required", "Confirm first that it is you."


class FactorIsOn(Conflict):
    code, title = "totp_is_on", "The second factor is on. Turn it off to set it up anew."


class FactorIsOff(Conflict):
    code, title = "totp_is_off", "There is no second factor."


class NothingBegun(Conflict):
    code, title = "totp_not_begun", "Begin the set-up of the second factor first; it waits 15 minutes for its code."


class LastStaff(Conflict):
    code, title = "last_staff", "You are the last who runs this workspace. Make somebody else staff first."


class PasskeyRefused(NotAuthenticated):
    code, title = "passkey_refused", "This passkey does not let you in."


class PasskeyInvalid(Conflict):
    code, title = "passkey_invalid", "This passkey cannot be added. Begin again."


class PasskeyKnown(Conflict):
    code, title = "passkey_known", "This passkey is there already."


class TooManyPasskeys(Conflict):
    code, title = "too_many_passkeys", "There are as many passkeys as one person may have. Remove one first."


class PasskeysNeedName(Conflict):
    code, title = "passkeys_need_name", "Passkeys need a name in the address of the workspace, such as localhost."


class OnlyWayIn(Conflict):
    code, title = "only_way_in", "This is your only way to sign in. Set a password first."
