"""BM25 over passages as Tantivy counts it, with folding, English stop words and stems; any word may match."""

from collections.abc import Mapping

import tantivy
from tantivy import Filter, Occur, Query, TextAnalyzerBuilder, Tokenizer

WRITER_BYTES = 50_000_000


class Passages:
    """An index in memory that gives the scores of the best passages for a question."""

    def __init__(self, passages: Mapping[str, str]) -> None:
        self._names = list(passages)
        self._analyser = (
            TextAnalyzerBuilder(Tokenizer.simple())
            .filter(Filter.remove_long(64))
            .filter(Filter.lowercase())
            .filter(Filter.ascii_fold())
            .filter(Filter.stopword("english"))
            .filter(Filter.stemmer("english"))
            .build()
        )
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("text", tokenizer_name="passages")
        builder.add_unsigned_field("row", fast=True, stored=True)
        self._schema = builder.build()
        self._searcher = self._fill(passages)

    def _fill(self, passages: Mapping[str, str]) -> tantivy.Searcher:
        index = tantivy.Index(self._schema)
        index.register_tokenizer("passages", self._analyser)
        # One thread, so one segment and the same order of equals each time.
        writer = index.writer(WRITER_BYTES, 1)
        for row, text in enumerate(passages.values()):
            document = tantivy.Document()
            document.add_text("text", text)
            document.add_unsigned("row", row)
            writer.add_document(document)
        writer.commit()
        index.reload()
        return index.searcher()

    def search(self, question: str, most: int) -> dict[str, float]:
        """Return the scores of the best, best first."""
        words = [
            (Occur.Should, Query.term_query(self._schema, "text", word)) for word in self._analyser.analyze(question)
        ]
        if not words:
            return {}
        hits = self._searcher.search(Query.boolean_query(words), most, count=False).hits
        return {self._names[self._searcher.doc(address)["row"][0]]: float(score) for score, address in hits}
