"""Living sign-ins for the sockets; those that are asked for at once are read by one statement."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from lyceum.accounts import session_proofs, tickets
from lyceum.accounts.models import avatar_url
from lyceum.core.pipeline import TEXT_ARRAY_OID, UUID_ARRAY_OID, Row
from lyceum.core.reads import Read


@dataclass(frozen=True, slots=True)
class SignIn:
    """A living sign-in: whose, and the id by which its sockets end."""

    user_id: UUID
    session_id: UUID
    first_name: str
    last_name: str
    avatar: str | None
    limit_profile: str
    kind: str = "user"
    # What a key or an app that acts for the person may do; None for the person, who may all.
    scopes: frozenset[str] | None = None


# Asked for by person and sign-in, or by the key of a cookie session.
LIVING = Read(
    "sign-ins",
    """
select a.place, u.id, s.id, u.first_name, u.last_name, u.avatar, u.kind, u.limit_profile || array(
    select l.limit_profile::text from accounts_grouplimits l join accounts_user_groups g using (group_id)
    where g.user_id = u.id),
  case when s.session_data is not null then array[s.session_data, u.password] end
from (
  select a.place, b.user_id, b.public_id as id, b.session_data from asked a
  join accounts_session b on b.session_key = a.session_key where b.expire_date > now()
  union all
  select a.place, b.user_id, b.public_id, b.session_data from asked a
  join accounts_session b on b.public_id = a.sign_in_id where b.expire_date > now()
  union all
  select a.place, f.user_id, f.id, null from asked a join accounts_tokenfamily f on f.id = a.sign_in_id
  where f.revoked_at is null and f.expires_at > now()
  union all
  select a.place, k.user_id, k.id, null from asked a join accounts_servicekey k on k.id = a.sign_in_id
  where k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
) s
join asked a using (place)
join accounts_user u on u.id = s.user_id and u.is_active and u.id = coalesce(a.user_id, u.id)
""",
    user_id=UUID_ARRAY_OID,
    sign_in_id=UUID_ARRAY_OID,
    session_key=TEXT_ARRAY_OID,
)


def _to_sign_in(row: Row | None, scopes: frozenset[str] | None = None) -> SignIn | None:
    if row is None:
        return None
    user_id, sign_in_id, first_name, last_name, avatar, kind, profiles, proof = row
    if not session_proofs.holds(proof):
        return None
    best = max(profiles, key=lambda name: settings.LIMIT_PROFILES[name])
    return SignIn(user_id, sign_in_id, first_name, last_name, avatar_url(user_id, avatar), best, kind, scopes)


async def by_ticket(ticket: str) -> SignIn | None:
    """Use a WebSocket ticket up; None when it is unknown, used, too old, or its sign-in has ended."""
    found = await tickets.redeem(ticket)
    if found is None:
        return None
    user_id, session_id, scopes = found
    return _to_sign_in(await LIVING.ask(user_id, session_id, None), scopes)


async def by_cookie(session_key: str) -> SignIn | None:
    """Return the sign-in of a session cookie; None when there is none."""
    return _to_sign_in(await LIVING.ask(None, None, session_key))


async def is_alive(sign_in: SignIn) -> bool:
    """Say whether the sign-in still stands."""
    return _to_sign_in(await LIVING.ask(sign_in.user_id, sign_in.session_id, None)) is not None
