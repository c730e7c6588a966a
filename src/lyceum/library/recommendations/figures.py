"""What recommendations came to, by group: how often they were opened and ordered, with intervals."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from lyceum.library.recommendations.intervals import Rate, of_clusters
from lyceum.library.recommendations.models import Showing


@dataclass(frozen=True)
class VariantFigures:
    """One group over some days. The rates are of what was shown; what one person does counts as one voice."""

    variant: str
    people: int
    shown: int
    clicked: int
    ordered: int
    click_through: Rate
    conversion: Rate


def by_variant(days: int) -> list[VariantFigures]:
    """Return the figures of each group over the last days; groups that exist stand there also without any."""
    since = timezone.now().date() - timedelta(days=days - 1)
    people: defaultdict[str, list[tuple[int, int, int]]] = defaultdict(list)
    rows = (
        Showing.objects.filter(day__gte=since)
        .values_list("variant", "user")
        .annotate(shown=Count("pk"), clicked=Count("clicked_at"), ordered=Count("ordered_at"))
    )
    for variant, _, shown, clicked, ordered in rows.iterator():
        people[variant].append((shown, clicked, ordered))
    return [_figures(name, people[name]) for name in sorted({*people, *settings.RECOMMENDATION_VARIANTS})]


def _figures(variant: str, people: list[tuple[int, int, int]]) -> VariantFigures:
    shown, clicked, ordered = (sum(one[place] for one in people) for place in range(3))
    return VariantFigures(
        variant,
        len(people),
        shown,
        clicked,
        ordered,
        click_through=of_clusters([(clicked, shown) for shown, clicked, _ in people]),
        conversion=of_clusters([(ordered, shown) for shown, _, ordered in people]),
    )
