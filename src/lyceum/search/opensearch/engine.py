"""The engine for more than one machine: OpenSearch, or what speaks like it, over REST.

Each kind has an alias that is asked and one that is built. A generation is an index behind one of them, with the name
of its schema in its mapping, so that any process knows what stands there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec
import structlog

from lyceum.core.ids import uuid7
from lyceum.search import ranking, registry
from lyceum.search.contracts import (
    ID,
    POPULARITY,
    AllOf,
    Change,
    Completed,
    Declaration,
    Filter,
    Hit,
    IsOneOf,
    Keyword,
    Query,
    Scored,
    SearchAnswer,
    SearchRequest,
    Stored,
)
from lyceum.search.engine import Health, SearchUnavailable
from lyceum.search.opensearch import cursors, facets, matching, suggesting
from lyceum.search.opensearch.client import Client, NoSuchThing, QuestionRefused
from lyceum.search.opensearch.cursors import Place
from lyceum.search.opensearch.filters import clause
from lyceum.search.opensearch.mapping import DIGEST, LANGUAGE, TITLE, URL, folded_name, index_of, source_of
from lyceum.search.query import parse, respell
from lyceum.search.words import fold

log = structlog.get_logger("lyceum.search")
# A bulk of a few megabytes is what nodes like best; one document may be larger by itself.
BULK_BYTES, BULK_DOCUMENTS = 4 * 1024 * 1024, 2000
PAGE = 2000
POINT_KEPT = "1m"
SIMILAR_TERMS = 25
SHOWN = [TITLE, URL, POPULARITY]


class OpenSearch:
    """See `SearchEngine`. All indexes of one workspace share a prefix."""

    name = "opensearch"

    def __init__(self, url: str, *, prefix: str = "lyceum", client: Client | None = None) -> None:
        self._client = client or Client(url)
        self._prefix = prefix
        self._points = ""

    def prepare(self, declaration: Declaration) -> bool:
        alias = self._alias(declaration.kind)
        schema = self._schema(alias)
        if schema is None:
            self._create(declaration, alias)
        return schema == declaration.schema

    def apply(self, declaration: Declaration, changes: Sequence[Change], *, building: bool = False) -> None:
        alias = self._alias(declaration.kind, building=building)
        for acts in _bulks(declaration, changes):
            try:
                outcomes = list(self._client.bulk(alias, acts))
            except NoSuchThing as err:
                raise SearchUnavailable(f"There is no index {alias}.") from err
            for outcome in outcomes:
                # 409: a newer change stands already. 404: what is to be deleted was not there.
                if outcome["status"] >= 400 and outcome["status"] not in (404, 409):
                    log.error("document_refused", kind=declaration.kind, id=outcome["_id"], error=outcome["error"])

    def commit(self, kind: str, *, building: bool = False) -> None:
        self._write("POST", f"/{self._alias(kind, building=building)}/_refresh")

    def begin(self, declaration: Declaration) -> None:
        self.discard(declaration.kind)
        self._create(declaration, self._alias(declaration.kind, building=True))

    def resume(self, declaration: Declaration) -> bool:
        return self._schema(self._alias(declaration.kind, building=True)) == declaration.schema

    def switch(self, kind: str) -> None:
        alias, other = self._alias(kind), self._alias(kind, building=True)
        built, old = self._behind(other), self._behind(alias)
        if not built:
            raise SearchUnavailable(f"There is no index {other}.")
        acts: list[dict[str, Any]] = [{"remove": {"index": index, "alias": other}} for index in built]
        acts += [{"add": {"index": index, "alias": alias}} for index in built]
        acts += [{"remove_index": {"index": index}} for index in old]
        self._write("POST", "/_aliases", {"actions": acts})

    def discard(self, kind: str) -> None:
        for index in self._behind(self._alias(kind, building=True)):
            self._write("DELETE", f"/{index}")

    def search(self, declaration: Declaration, request: SearchRequest) -> SearchAnswer:
        question = cursors.question_of(request)
        place = cursors.read(question, request.cursor) if request.cursor else None
        if request.second_pass is not None and request.sort is None and request.query.has_text:
            return self._in_two_passes(declaration, request, question, place)
        body = self._question(declaration, request, place)
        answer, point = self._at(declaration.kind, place, body)
        hits = [self._hit(declaration.kind, request, question, found) for found in answer["hits"]["hits"]]
        is_end = len(hits) < request.size or request.size == 0
        # A hit's own cursor begins anew; the answer's goes on with what was seen.
        last = answer["hits"]["hits"][-1]["sort"] if hits else []
        cursor = "" if is_end else cursors.write(question, Place(last, point))
        return self._answer(declaration, request, answer, hits, cursor)

    def _answer(
        self, declaration: Declaration, request: SearchRequest, answer: Any, hits: list[Hit], cursor: str
    ) -> SearchAnswer:
        count = answer["hits"]["total"]["value"]
        is_lost = request.suggest and not count and bool(request.query.words)
        return SearchAnswer(
            count=count,
            hits=tuple(hits),
            facets=facets.buckets_of(declaration, request, answer.get("aggregations", {})),
            did_you_mean=self._did_you_mean(declaration, request) if is_lost else "",
            cursor=cursor,
            took_ms=float(answer["took"]),
        )

    def _in_two_passes(
        self, declaration: Declaration, request: SearchRequest, question: str, place: Place | None
    ) -> SearchAnswer:
        """Order the best anew and cut the page from them; what comes behind them follows as it was."""
        second = request.second_pass
        assert second is not None
        start = place.offset if place else request.offset
        plain = replace(request, second_pass=None, offset=0, size=second.window, highlights=())
        answer = self._ask(declaration.kind, self._question(declaration, plain, None))
        best = [self._hit(declaration.kind, plain, question, found) for found in answer["hits"]["hits"]]
        order = ranking.order([Scored(hit.id, hit.score, hit.popularity) for hit in best], second)
        hits = [replace(best[at], score=score) for at, score in order][start : start + request.size]
        hits = self._marked(declaration, request, hits)
        missing = request.size - len(hits)
        if missing and len(best) == second.window:
            behind = replace(plain, offset=max(start, second.window), size=missing, highlights=request.highlights)
            more = self._ask(declaration.kind, self._question(declaration, behind, None))["hits"]["hits"]
            hits += [self._hit(declaration.kind, request, question, found) for found in more]
        ends = [start + number for number in range(1, len(hits) + 1)]
        hits = [
            replace(hit, cursor=cursors.write(question, Place([], offset=end)))
            for hit, end in zip(hits, ends, strict=True)
        ]
        is_end = not hits or ends[-1] >= answer["hits"]["total"]["value"]
        return self._answer(declaration, request, answer, hits, "" if is_end else hits[-1].cursor)

    def _marked(self, declaration: Declaration, request: SearchRequest, hits: list[Hit]) -> list[Hit]:
        """Mark what was found in the few that are shown, not in all that were ordered."""
        if not request.highlights or not hits:
            return hits
        narrowed = AllOf((request.visible, IsOneOf(ID, tuple(hit.id for hit in hits))))
        body = self._question(
            declaration, replace(request, visible=narrowed, facets=(), offset=0, size=len(hits)), None
        )
        found = self._ask(declaration.kind, body)["hits"]["hits"]
        marks = {UUID(one["_id"]): matching.marks_of(one.get("highlight", {}), request.highlights) for one in found}
        return [replace(hit, highlights=marks.get(hit.id, {})) for hit in hits]

    def _question(self, declaration: Declaration, request: SearchRequest, place: Place | None) -> dict[str, Any]:
        near = self._near(declaration, request.query)
        own = facets.own_selections(declaration, request)
        narrowing = [found for name, found in request.selections.items() if name not in own]
        filters = [clause(declaration, found) for found in (request.visible, *narrowing)]
        body: dict[str, Any] = {
            "query": {"bool": {"must": [matching.clauses_of(declaration, request.query, near)], "filter": filters}},
            "sort": _order(declaration, request),
            "size": request.size,
            "track_total_hits": True,
            "track_scores": True,
            "_source": [POPULARITY] if request.is_brief else SHOWN,
        }
        if own:
            body["post_filter"] = {"bool": {"filter": list(own.values())}}
        if request.facets:
            body["aggs"] = facets.counts_of(declaration, request)
        if request.highlights:
            body["highlight"] = matching.marked_fields(declaration, request.highlights)
        if place is not None:
            body["search_after"] = place.after
        elif request.offset:
            body["from"] = request.offset
        return body

    def _at(self, kind: str, place: Place | None, body: dict[str, Any]) -> tuple[Any, str]:
        """Ask as of the place's point in time; who goes on for the first time, or too late, gets a new one."""
        if place is None:
            return self._ask(kind, body), ""
        for point in (place.point, ""):
            found = point or self._open_point(kind)
            if not found:
                break
            try:
                return self._asked_at(found, body), found
            except NoSuchThing:
                continue
        return self._ask(kind, body), ""

    def _asked_at(self, point: str, body: dict[str, Any]) -> Any:
        return self._client.ask("POST", "/_search", {**body, "pit": {"id": point, "keep_alive": POINT_KEPT}})

    def _open_point(self, kind: str) -> str:
        """Return a point in time, or nothing where the node has no room for one."""
        path, key = self._point_door()
        try:
            opened = self._client.ask("POST", f"/{self._alias(kind)}{path}", keep_alive=POINT_KEPT)
        except (NoSuchThing, QuestionRefused):
            return ""
        return str(opened[key])

    def _point_door(self) -> tuple[str, str]:
        if not self._points:
            self._points = self._client.ask("GET", "/")["version"].get("distribution", "elasticsearch")
        return ("/_search/point_in_time", "pit_id") if self._points == "opensearch" else ("/_pit", "id")

    def _hit(self, kind: str, request: SearchRequest, question: str, found: dict[str, Any]) -> Hit:
        source = found["_source"]
        hit = Hit(UUID(found["_id"]), kind, "", "", found["_score"] or 0.0, source[POPULARITY])
        if request.is_brief:
            return hit
        return replace(
            hit,
            title=source[TITLE],
            url=source[URL],
            highlights=matching.marks_of(found.get("highlight", {}), request.highlights),
            cursor=cursors.write(question, Place(found["sort"])),
        )

    def _did_you_mean(self, declaration: Declaration, request: SearchRequest) -> str:
        asked = suggesting.meant(declaration, request.query)
        if asked is None:
            return ""
        options = suggesting.options_of(self._ask(declaration.kind, asked), [one.text for one in request.query.words])
        visible = clause(declaration, request.visible)
        counted = self._ask(declaration.kind, suggesting.counts(declaration, options, visible))
        right = suggesting.best(options, counted)
        if not right:
            return ""
        respelt = respell(request.query.text, right)
        # What is suggested is found.
        again = replace(request, query=parse(respelt, declaration), suggest=False, size=1, cursor="", facets=())
        return respelt if self.search(declaration, replace(again, second_pass=None, offset=0)).count else ""

    def _near(self, declaration: Declaration, query: Query) -> dict[str, list[str]]:
        asked = suggesting.near(declaration, query)
        if asked is None:
            return {}
        texts = [word.text for word in query.words]
        options = suggesting.options_of(self._ask(declaration.kind, asked), texts)
        return {text: options[fold(text)] for text in texts}

    def complete(self, declaration: Declaration, text: str, *, visible: Filter, size: int) -> list[Completed]:
        field = declaration.completion
        if field is None or not text.strip():
            return []
        found: dict[str, Completed] = {}
        # Who types right is not offered what is only like it while there is enough else.
        for way in (matching.begins, matching.begins_like):
            body = {
                "query": {"bool": {"filter": [way(field.name, text), clause(declaration, visible)]}},
                "sort": [{POPULARITY: "desc"}, {ID: "asc"}],
                "size": size * 2,
                "_source": [field.name],
            }
            for hit in self._ask(declaration.kind, body)["hits"]["hits"]:
                offered = _offered(hit["_source"][field.name], text)
                found.setdefault(fold(offered), Completed(offered, UUID(hit["_id"])))
            if len(found) >= size:
                break
        return list(found.values())[:size]

    def more_like_this(
        self, declaration: Declaration, document_id: UUID, *, visible: Filter, size: int
    ) -> list[Hit] | None:
        seen = clause(declaration, AllOf((IsOneOf(ID, (document_id,)), visible)))
        itself = self._ask(declaration.kind, {"query": seen, "size": 1, "_source": [LANGUAGE]})["hits"]["hits"]
        if not itself:
            return None
        code = itself[0]["_source"][LANGUAGE].replace("none", "")
        like = {
            "fields": matching.similar_fields(declaration, code),
            "like": [{"_index": itself[0]["_index"], "_id": str(document_id)}],
            "min_term_freq": 1,
            "min_doc_freq": 2,
            "max_query_terms": SIMILAR_TERMS,
            "minimum_should_match": "1",
        }
        body = {
            "query": {"bool": {"must": [{"more_like_this": like}], "filter": [clause(declaration, visible)]}},
            "sort": ["_score", {ID: "asc"}],
            "size": size,
            "_source": SHOWN,
        }
        request = SearchRequest(declaration.kind)
        found = self._ask(declaration.kind, body)["hits"]["hits"]
        return [self._hit(declaration.kind, request, cursors.question_of(request), one) for one in found]

    def count(self, kind: str, *, building: bool = False) -> int:
        try:
            return int(self._client.ask("GET", f"/{self._alias(kind, building=building)}/_count")["count"])
        except NoSuchThing as err:
            raise SearchUnavailable(f"There is no index of {kind}.") from err

    def stored(self, kind: str) -> Iterator[Stored]:
        body: dict[str, Any] = {"sort": [{ID: "asc"}], "size": PAGE, "_source": [DIGEST], "version": True}
        point = self._open_point(kind)
        while True:
            answer = self._asked_at(point, body) if point else self._ask(kind, body)
            found = answer["hits"]["hits"]
            for hit in found:
                yield Stored(UUID(hit["_id"]), hit["_version"], hit["_source"][DIGEST])
            if len(found) < PAGE:
                return
            body["search_after"] = found[-1]["sort"]

    def health(self) -> Health:
        try:
            state = self._client.ask("GET", "/_cluster/health")["status"]
            counts = {one.kind: self._count_or_none(one.kind) for one in registry.all_declared()}
        except (SearchUnavailable, NoSuchThing, QuestionRefused) as err:
            return Health(False, {}, str(err))
        return Health(state != "red", counts, "" if state != "red" else "The cluster has lost some of its data.")

    def close(self) -> None:
        """Nothing is held: the node orders what comes by its versions."""

    def _count_or_none(self, kind: str) -> int | None:
        try:
            return int(self._client.ask("GET", f"/{self._alias(kind)}/_count")["count"])
        except NoSuchThing:
            return None

    def _alias(self, kind: str, *, building: bool = False) -> str:
        return f"{self._prefix}-{kind}-built" if building else f"{self._prefix}-{kind}"

    def _create(self, declaration: Declaration, alias: str) -> None:
        body = {**index_of(declaration), "aliases": {alias: {}}}
        self._write("PUT", f"/{self._prefix}-{declaration.kind}-{uuid7().hex}", body)

    def _behind(self, alias: str) -> list[str]:
        try:
            return list(self._client.write("GET", f"/_alias/{alias}"))
        except NoSuchThing:
            return []

    def _schema(self, alias: str) -> str | None:
        """Return the name of the schema behind an alias; None where there is nothing."""
        try:
            found = self._client.write("GET", f"/{alias}/_mapping")
        except NoSuchThing:
            return None
        [index] = found.values()
        return str(index["mappings"]["_meta"]["schema"])

    def _write(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return self._client.write(method, path, body)
        except NoSuchThing as err:
            raise SearchUnavailable(f"There is no {path}.") from err

    def _ask(self, kind: str, body: dict[str, Any]) -> Any:
        try:
            return self._client.ask("POST", f"/{self._alias(kind)}/_search", body, allow_partial_search_results=False)
        except NoSuchThing as err:
            raise SearchUnavailable(f"The index of {kind} has not been built yet.", retry_after=5.0) from err


def _order(declaration: Declaration, request: SearchRequest) -> list[Any]:
    if request.sort is None:
        by = "_score" if request.query.has_text else POPULARITY
        return [{by: "desc"}, {ID: "asc"}]
    name = request.sort.field
    field = declaration.by_name.get(name)
    column = folded_name(name) if isinstance(field, Keyword) else name
    kind = "keyword" if isinstance(field, Keyword) else "double"
    order = "desc" if request.sort.descending else "asc"
    return [{column: {"order": order, "missing": "_last", "unmapped_type": kind}}, {ID: "asc"}]


def _bulks(declaration: Declaration, changes: Sequence[Change]) -> Iterator[list[tuple[dict[str, Any], bytes]]]:
    """Cut changes into bulks; each act says its version, and an older one than what stands is refused by the node."""
    acts: list[tuple[dict[str, Any], bytes]] = []
    size = 0
    for change in changes:
        head = {"_id": str(change.id), "version": change.version, "version_type": "external_gte"}
        if change.document is None:
            acts.append(({"delete": head}, b""))
        else:
            source = msgspec.json.encode(source_of(declaration, change.document)) + b"\n"
            acts.append(({"index": head}, source))
            size += len(source)
        if size >= BULK_BYTES or len(acts) >= BULK_DOCUMENTS:
            yield acts
            acts, size = [], 0
    if acts:
        yield acts


def _offered(value: Any, typed: str) -> str:
    """Return the text of a document that fits best what was typed."""
    texts = value if isinstance(value, list) else [value]
    begins = fold(typed)
    return str(min(texts, key=lambda text: (not fold(text).startswith(begins), begins not in fold(text))))
