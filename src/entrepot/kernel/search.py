"""Searching text: whole words in the way of the text's language, and likeness of letters for what was misspelt.

A table that is searched has a vector that `keep_vector` keeps, and a trigram index on the column that names the thing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import migrations

from entrepot.kernel.db import atomic, execute, fetch_rows
from entrepot.kernel.errors import Invalid

#: The languages whose words PostgreSQL reduces to their stems; any other is searched by its plain words.
STEMMED: Mapping[str, str] = {
    "ar": "arabic", "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french",
    "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip

#: A longer question is cut: nobody types one, and likeness takes time.
TEXT_MAX = 120
#: How much of the asked word a word of the title has to share: two letters changed places in "kettel" leave 0.57.
LIKENESS_MIN = 0.45
#: Ranks are compared as whole millionths, so that a page goes on exactly where the one before ended.
SCALE = 1_000_000


@dataclass(frozen=True, slots=True)
class Index:
    """Where the text of things stands, one row a thing and language: `thing` is the column of the thing's id."""

    table: str
    thing: str
    title: str = "title"
    language: str = "language"
    vector: str = "search"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: found by words or by likeness, the score and the id of its last thing."""

    way: str
    score: int
    thing_id: UUID

    def __str__(self) -> str:
        return f"{self.way}.{self.score}.{self.thing_id.hex}"

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """A cursor as a page shows it. Raises: Invalid."""
        way, _, rest = text.partition(".")
        score, _, identity = rest.partition(".")
        try:
            if way not in _WAYS or len(score) > 18:
                raise ValueError
            return cls(way, int(score), UUID(identity))
        except ValueError:
            raise Invalid("search.bad_cursor", "This page cannot be continued; search again.", field="after") from None


@dataclass(frozen=True, slots=True)
class Hit:
    """A thing that was found, and where a page that ends with it goes on."""

    thing_id: UUID
    cursor: Cursor


def configuration(language: str) -> str:
    """The text search configuration of a language such as `pt-br`."""
    return STEMMED.get(language.partition("-")[0].lower(), "simple")


def find(
    index: Index,
    *,
    text: str,
    languages: Sequence[str],
    where: str = "true",
    params: Mapping[str, Any] | None = None,
    after: str = "",
    limit: int = 24,
) -> list[Hit]:
    """Things whose text in one of the languages has all the words, best first; where none has, those that look alike.

    `where` narrows the things, by SQL over `thing.id` with named params. Raises: Invalid.
    """
    asked = " ".join(text.replace("\0", " ").split())[:TEXT_MAX]
    if not asked or not languages:
        return []
    cursor = Cursor.read(after) if after else None
    values = dict(params or {}) | {"text": asked, "limit": limit}
    values |= {"score": cursor.score, "last": cursor.thing_id} if cursor else {"score": None, "last": None}
    values |= {f"language{place}": language for place, language in enumerate(languages)}
    values |= {f"configuration{place}": configuration(language) for place, language in enumerate(languages)}
    for way, branch in _WAYS.items():
        if cursor is None or cursor.way == way:
            # One branch a language, so that each puts one plain question to its index.
            branches = " UNION ALL ".join(
                branch.format(place=place, **_names(index)) for place in range(len(languages))
            )
            rows = _fetch(_PAGE.format(branches=branches, where=where), values)
            if rows or cursor is not None:
                return [Hit(row.id, Cursor(way, row.score, row.id)) for row in rows]
    return []


@atomic
def _fetch(query: str, values: Mapping[str, Any]) -> list[Any]:
    execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [str(LIKENESS_MIN)])
    return fetch_rows(query, values)


def keep_vector(table: str, *, title: str = "title", body: str = "description") -> migrations.RunSQL:
    """For a handwritten migration: the table's `search` vector follows its texts, each in its language's way.

    Accents go before stemming does, so that "cafe" finds "café".
    """
    stems = " ".join(f"WHEN '{language}' THEN '{name}'::regconfig" for language, name in STEMMED.items())
    vector = " || ".join(
        f"setweight(to_tsvector(way, unaccent(NEW.{column})), '{weight}')"
        for column, weight in ((title, "A"), (body, "B"))
    )
    make = f"""
        CREATE FUNCTION {table}_search() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            way regconfig := CASE split_part(lower(NEW.language), '-', 1) {stems} ELSE 'simple'::regconfig END;
        BEGIN
            NEW.search := {vector};
            RETURN NEW;
        END $$;
        CREATE TRIGGER {table}_search BEFORE INSERT OR UPDATE OF language, {title}, {body} ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_search()
    """
    return migrations.RunSQL(make, f"DROP TRIGGER {table}_search ON {table}; DROP FUNCTION {table}_search()")


def _names(index: Index) -> dict[str, str]:
    return {
        "table": index.table,
        "thing": index.thing,
        "title": index.title,
        "language": index.language,
        "vector": index.vector,
    }


_QUESTION = "websearch_to_tsquery(%(configuration{place})s::regconfig, unaccent(%(text)s))"

_WAYS: Mapping[str, str] = {
    "words": f"""
        SELECT {{thing}} AS id, (ts_rank({{vector}}, {_QUESTION}) * {SCALE})::bigint AS score
        FROM {{table}} WHERE {{vector}} @@ {_QUESTION} AND {{language}} = %(language{{place}})s
    """,
    "likeness": f"""
        SELECT {{thing}} AS id, (word_similarity(%(text)s, {{title}}) * {SCALE})::bigint AS score
        FROM {{table}} WHERE {{title}} %%> %(text)s AND {{language}} = %(language{{place}})s
    """,
}

_PAGE = """
    SELECT thing.id, thing.score
    FROM (SELECT id, max(score) AS score FROM ({branches}) found GROUP BY id) thing
    WHERE {where}
      AND (%(score)s::bigint IS NULL OR (thing.score, thing.id) < (%(score)s::bigint, %(last)s::uuid))
    ORDER BY thing.score DESC, thing.id DESC
    LIMIT %(limit)s
"""
