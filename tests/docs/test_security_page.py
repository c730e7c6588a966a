"""Every proof that the page on security names is there."""

import re
from pathlib import Path

from tests.docs.blocks import DOCS

PROOF = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def test_every_statement_has_a_proof_that_exists() -> None:
    rows = [line for line in (DOCS / "security.md").read_text().splitlines() if line.startswith("| ")]
    statements = [row for row in rows if not row.startswith("| statement")]
    assert len(statements) >= 30
    assert [row for row in statements if not PROOF.search(row)] == []
    for file, name in {proof for row in statements for proof in PROOF.findall(row)}:
        source = DOCS.parent / Path(file)
        assert source.is_file(), file
        assert re.search(rf"^(async )?def {name}\(", source.read_text(), re.MULTILINE), f"{file}::{name}"
