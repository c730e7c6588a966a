"""Forms of pages: fields, what was typed, and every broken rule at its field and in the summary."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rest_framework.exceptions import ValidationError
from rest_framework.serializers import Serializer

from lyceum.core.errors import DomainError, FieldError, TooMany
from lyceum.core.pages import show, wait_words
from lyceum.core.problems import flatten

MISSING = {"required", "blank", "null"}
S = TypeVar("S", bound=Serializer[Any])


@dataclass(frozen=True)
class Field:
    """One control: the API's name for it, and how people and browsers treat it.

    `type` is that of an `input`, or `check`, `checks` (any of the choices), `picks` (the same, by their words alone),
    `lines` (texts, one a line), `prose` (a long text), `select`, `zone`; `missing` is said when nothing was entered.
    """

    name: str
    label: object
    type: str = "text"
    autocomplete: str = "off"
    hint: object = ""
    missing: object = ""
    choices: Sequence[tuple[str, object]] = ()

    def sent(self, request: HttpRequest) -> Any:
        """Return what the browser sent for this field."""
        if self.type == "check":
            return self.name in request.POST
        if self.type in ("checks", "picks"):
            return request.POST.getlist(self.name)
        text = request.POST.get(self.name, "")
        return [line.strip() for line in text.splitlines() if line.strip()] if self.type == "lines" else text


@dataclass(frozen=True)
class Control:
    """A field as it stands in one answer."""

    field: Field
    id: str
    value: Any
    errors: list[str]

    @property
    def described_by(self) -> str:
        parts = [f"{self.id}-hint"] if self.field.hint else []
        return " ".join([*parts, f"{self.id}-error"] if self.errors else parts)


@dataclass
class Form:
    """What a page asks for. A view reads it inside `refusals()`, and shows it again when something was refused.

    `is_main`: sending it is what the page is for. `way` is a link that helps on after a refusal;
    `username` tells password managers whose password is asked for where no field does.
    """

    name: str
    fields: Sequence[Field]
    verb: object
    action: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    next: str = ""
    is_main: bool = True
    username: str = ""
    errors: list[FieldError] = field(default_factory=list)
    code: str = ""
    refusal: str = ""
    advice: str = ""
    way: tuple[str, object] | None = None
    status: int = 200
    retry_after: float | None = None

    def read(self, serializer: type[S], request: HttpRequest, **more: Any) -> dict[str, Any]:
        """Parse what was sent by the rules of the API; raises with every broken one."""
        sent = {each.name: each.sent(request) for each in self.fields}
        self.values = {each.name: sent[each.name] for each in self.fields if each.type != "password"}
        known = serializer().fields
        form = serializer(
            data={**{name: value for name, value in sent.items() if name in known and value != []}, **more}
        )
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Keep what services and serializers refuse, to be shown in the form."""
        try:
            yield
        except ValidationError as err:
            self.status, self.errors = 400, list(flatten(err.detail))
        except DomainError as err:
            self.status, self.errors, self.retry_after = err.status, err.errors, err.retry_after
            self.code, self.refusal = err.code, str(err.detail)
            self.advice = wait_words(err.retry_after) if isinstance(err, TooMany) and err.retry_after else ""

    @property
    def controls(self) -> list[Control]:
        return [
            Control(each, f"{self.name}-{each.name}", self.values.get(each.name, ""), self._errors_of(each))
            for each in self.fields
        ]

    def _errors_of(self, one: Field) -> list[str]:
        return [self._words(error) for error in self.errors if error.field == one.name]

    def _words(self, error: FieldError) -> str:
        by_name = {each.name: each for each in self.fields}
        if error.code in MISSING and error.field in by_name and by_name[error.field].missing:
            return str(by_name[error.field].missing)
        return error.detail

    @property
    def title(self) -> str:
        """The head of the summary: what was refused, or how much is to put right."""
        if not self.errors:
            return self.refusal
        count = len(self.errors)
        return ngettext("One thing to put right", "%(count)d things to put right", count) % {"count": count}

    @property
    def summary(self) -> list[tuple[str, str]]:
        """Each broken rule with its control and the label of that, as one goes down the form; others last."""
        at_fields = [
            (control.id, _("%(label)s: %(error)s") % {"label": control.field.label, "error": words})
            for control in self.controls
            for words in control.errors
        ]
        names = {each.name for each in self.fields}
        return at_fields + [("", self._words(error)) for error in self.errors if error.field not in names]


def answer(
    request: HttpRequest, page: str, form: Form, context: dict[str, Any], *, part: str = "lyceum/_form.html"
) -> HttpResponse:
    """Show the page of a form, or the form alone for htmx, with the status of what was refused."""
    response = show(request, page, part, {**context, "form": form}, status=form.status)
    if form.retry_after:
        response.headers["Retry-After"] = str(max(1, round(form.retry_after + 0.5)))
    return response
