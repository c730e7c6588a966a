"""What templates share: icons, avatars and times, as the design shows them."""

from datetime import datetime
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()


@register.simple_tag
def icon_address(name: str) -> str:
    return f"{static('lyceum/icons/icons.svg')}#{name}"


@register.simple_tag
def icon(name: str, large: bool = False) -> SafeString:
    classes = "icon icon-large" if large else "icon"
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', classes, icon_address(name))


@register.filter
def begins(text: str, beginning: str) -> bool:
    return text.startswith(beginning)


@register.filter
def initials(name: str) -> str:
    """Return the first letters of the first and the last word (`initials` in avatar.js)."""
    words = name.split()
    return "".join(word[0] for word in (words[0], words[-1])[: len(words)]).upper() if words else ""


def tone(identity: object) -> int:
    """Return the number of somebody's colour, one of four (`tone` in avatar.js)."""
    return int(str(identity)[-1], 16) % 4 + 1


@register.simple_tag
def avatar(person: Any, presence: str | None = None, large: bool = False) -> SafeString:
    """Show a person's picture or initials; the name stands beside it, so it says nothing to a screen reader."""
    picture = getattr(person, "avatar_url", None)
    image = format_html('<img src="{}" alt="" loading="lazy">', picture) if picture else ""
    extras = format_html_join("", ' data-presence="{}"', [(presence,)] if presence else [])
    classes = "avatar avatar-large" if large else "avatar"
    return format_html(
        '<span class="{}" data-tone="{}"{} aria-hidden="true">{}{}</span>',
        classes,
        tone(person.pk),
        extras,
        initials(person.name),
        image,
    )


@register.simple_tag(takes_context=True)
def count(context: Any, address: str) -> SafeString | str:
    """Show how much is unread in a section, as `Status.unread` keeps it in Talk."""
    number = context["counts"].get(address, 0)
    if not number:
        return ""
    words = '<span class="count"><span class="sr">, </span>{}<span class="sr"> {}</span></span>'
    return format_html(words, number if number <= 99 else "99+", _("unread"))


@register.simple_tag
def when(at: datetime) -> SafeString:
    """Show a time as people say it: 14:36 today, Mon this week, else 17 November 2026."""
    local, today = timezone.localtime(at), timezone.localdate()
    days = (today - local.date()).days
    if days == 0:
        words = date_format(local, "H:i")
    elif 0 < days < 7:
        words = date_format(local, "D H:i")
    else:
        words = date_format(local, "j F Y")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), date_format(local, "j F Y, H:i"), words
    )
