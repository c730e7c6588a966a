"""Who is behind a key, as a part of other statements: one run finds the person and their answer."""

from collections.abc import Mapping

from django.conf import settings

from lyceum.accounts.tokens import token_hash
from lyceum.core.hot_reads import Key

# From `asked (place, is_cookie, key)`. A sign-in that was not seen for minutes is missing here, so that the ordinary
# door finds it and notes that it is in use; so is that of an app, whose scopes the door looks at.
CALLERS = """
select s.place, u.id as user_id, u.limit_profile || array(
    select l.limit_profile::text from accounts_grouplimits l join accounts_user_groups g using (group_id)
    where g.user_id = u.id) as profiles,
  case when s.session_data is not null then array[s.session_data, u.password] end as proof
from (
  select a.place, f.user_id, f.last_seen_at, null as session_data from asked a
  join accounts_token t on t.hash = a.key and t.kind = 'access' and t.expires_at > now()
  join accounts_tokenfamily f on f.id = t.family_id and f.revoked_at is null and f.scopes is null
  where not a.is_cookie
  union all
  select a.place, b.user_id, b.last_seen_at, b.session_data from asked a
  join accounts_session b on b.session_key = a.key and b.expire_date > now()
  where a.is_cookie
) s
join accounts_user u on u.id = s.user_id and u.is_active
where s.last_seen_at > now() - interval '5 minutes'
"""


def find_key(headers: Mapping[bytes, bytes]) -> Key | None:
    """Return what names the person in a request's headers; None where that needs more than a look-up."""
    if (given := headers.get(b"authorization")) is not None:
        scheme, _, token = given.decode("latin-1").partition(" ")
        return Key(False, token_hash(token.strip())) if scheme.lower() == "bearer" and token.strip() else None
    parts = headers.get(b"cookie", b"").decode("latin-1").split("; ")
    cookies = dict(part.split("=", 1) for part in parts if "=" in part)
    found = cookies.get(settings.SESSION_COOKIE_NAME)
    return Key(True, found) if found else None
