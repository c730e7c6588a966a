"""The generations of one kind's index on disk, and the pointer that says which one is asked.

    books/current        the name of the generation that is asked
    books/building       the name of the one being built, if there is one
    books/<name>/        a Tantivy index, and in `shape` the name of its schema and its fields

A pointer is replaced in one step, so a reader finds the old generation or the new one and never neither.
"""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Literal
from uuid import uuid4

import msgspec
import tantivy

from lyceum.search.contracts import Completion, Declaration, Field, Text
from lyceum.search.embedded import shapes

Pointer = Literal["current", "building"]
SHAPE = "shape"


class Folder:
    """The folder of one kind."""

    def __init__(self, root: Path, kind: str) -> None:
        self.path = root / kind

    def generation(self, pointer: Pointer) -> Path | None:
        """Return the folder of the generation that a pointer names; None where there is none."""
        try:
            name = (self.path / pointer).read_text()
        except FileNotFoundError:
            return None
        return self.path / name if name and (self.path / name).is_dir() else None

    def make(self, declaration: Declaration, pointer: Pointer) -> Path:
        """Make an empty generation and let the pointer name it."""
        generation = self.path / uuid4().hex
        generation.mkdir(parents=True)
        tantivy.Index(shapes.schema(declaration), str(generation), reuse=False)
        (generation / SHAPE).write_bytes(msgspec.json.encode(_shape(declaration)))
        self._point(pointer, generation.name)
        return generation

    def switch(self) -> None:
        """Let the generation being built be the current one."""
        building = self.generation("building")
        assert building is not None
        self._point("current", building.name)
        self.discard()

    def discard(self) -> None:
        """Forget the generation being built, and drop every one that no pointer names."""
        (self.path / "building").unlink(missing_ok=True)
        self.tidy()

    def tidy(self) -> None:
        """Drop the generations that no pointer names; who reads one still has its files open."""
        named = {self.generation("current"), self.generation("building")}
        for one in self.path.iterdir() if self.path.is_dir() else []:
            if one.is_dir() and one not in named:
                shutil.rmtree(one, ignore_errors=True)

    def _point(self, pointer: Pointer, name: str) -> None:
        part = self.path / f"{pointer}.part"
        with part.open("w") as file:
            file.write(name)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path / pointer)
        self._settle()

    def _settle(self) -> None:
        """Have the folder's own entries on disk, so that a power cut does not undo a step."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class Shape(msgspec.Struct):
    """What a generation was made for."""

    schema: str
    fields: list[str]
    # The names of its folded texts, whose words may be meant by others.
    words: list[str]


def schema_name(declaration: Declaration) -> str:
    return f"{shapes.FORMAT}-{declaration.schema}"


def _shape(declaration: Declaration) -> Shape:
    fields = [field_name(one) for one in declaration.fields]
    words = [shapes.folded(one.name) for one in declaration.fields if isinstance(one, (Text, Completion))]
    return Shape(schema_name(declaration), fields, words)


def field_name(field: Field) -> str:
    """Name a field with all of it that its place in an index depends on."""
    return repr(replace(field, boost=1.0) if isinstance(field, Text) else field)


def shape_of(generation: Path) -> Shape:
    """Return what a generation was made for; of one whose making was cut off, nothing."""
    try:
        return msgspec.json.decode((generation / SHAPE).read_bytes(), type=Shape)
    except (FileNotFoundError, msgspec.DecodeError):
        return Shape("", [], [])


def fits(generation: Path, declaration: Declaration) -> bool:
    return shape_of(generation).schema == schema_name(declaration)


def open_index(generation: Path) -> tantivy.Index:
    """Open a generation; raises ValueError where its files are gone or damaged."""
    index = shapes.register(tantivy.Index.open(str(generation)))
    index.config_reader("manual")
    return index
