"""Doors of the second factor. Those that change it ask for a sign-in that was confirmed within ten minutes."""

from dataclasses import asdict
from typing import cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.accounts import factors, reauthentication
from lyceum.accounts.api import factor_serializers as forms
from lyceum.accounts.api.serializers import OtpBody
from lyceum.accounts.api.views import address_of
from lyceum.accounts.models import User
from lyceum.accounts.sessions import note_second_factor
from lyceum.core.api import Door, read


def person_of(request: Request) -> User:
    return cast(User, request.user)


def sign_in_of(request: Request) -> UUID:
    """Return the sign-in by which a person asks; apps and services have no scope for these doors."""
    return cast(UUID, request.auth)


def confirmed_sign_in_of(request: Request) -> UUID:
    """Return the sign-in by which a person asks; raises ConfirmationRequired when it is older than ten minutes."""
    found = sign_in_of(request)
    reauthentication.check_confirmed(found)
    return found


class Confirm(Door):
    refusals = {"POST": (403,)}

    @extend_schema(request=forms.ConfirmBody, responses={204: None})
    def post(self, request: Request) -> Response:
        """Show again who one is, so that this sign-in may change what is sensitive for ten minutes."""
        body = read(forms.ConfirmBody, request, person=person_of(request))
        reauthentication.confirm(person_of(request), sign_in_of(request), **body, address=address_of(request))
        return Response(status=204)


class Totp(Door):
    refusals = {"POST": (409,)}

    @extend_schema(responses=forms.TotpView)
    def get(self, request: Request) -> Response:
        """Read whether one has a second factor, and how many recovery codes are left."""
        return Response(asdict(factors.state_of(person_of(request))))

    @extend_schema(request=None, responses=forms.TotpSetupView)
    def post(self, request: Request) -> Response:
        """Begin to set the second factor up: the secret for the app, which its first code confirms."""
        return Response(asdict(factors.begin(person_of(request), confirmed_sign_in_of(request))))


class TotpConfirm(Door):
    refusals = {"POST": (409,)}

    @extend_schema(request=OtpBody, responses=forms.RecoveryCodesView)
    def post(self, request: Request) -> Response:
        """Turn the second factor on with the app's first code; the recovery codes are shown this once."""
        otp = read(OtpBody, request)["otp"]
        codes = factors.confirm(person_of(request), confirmed_sign_in_of(request), otp)
        if request._request.session.session_key:
            note_second_factor(request._request)
        return Response({"recovery_codes": codes})


class TotpOff(Door):
    refusals = {"POST": (409,)}

    @extend_schema(request=forms.ConfirmBody, responses={204: None})
    def post(self, request: Request) -> Response:
        """Turn the second factor off, with the password and a code of it."""
        body = read(forms.ConfirmBody, request, person=person_of(request))
        reauthentication.reauthenticate(
            person_of(request), **body, address=address_of(request), sign_in_id=sign_in_of(request)
        )
        factors.turn_off(person_of(request))
        return Response(status=204)


class RecoveryCodes(Door):
    refusals = {"POST": (409,)}

    @extend_schema(request=None, responses=forms.RecoveryCodesView)
    def post(self, request: Request) -> Response:
        """Make new recovery codes, shown this once; the old ones are dead."""
        confirmed_sign_in_of(request)
        return Response({"recovery_codes": factors.renew_recovery_codes(person_of(request))})
