"""How the view of an address is found: by the address's first word, where Django would try one pattern after the other.

The API alone has two hundred patterns, and trying half of them took a quarter of the time of a request.
"""

from collections import defaultdict
from functools import cached_property
from typing import Any

from django.urls import ResolverMatch, URLPattern, URLResolver, path


class ByWord(URLResolver):
    """Patterns of which only those are tried that can fit the first word; in their order, so the same one is found."""

    def resolve(self, path: str) -> ResolverMatch:
        """The view of an address. Raises: Resolver404."""
        fits = self.pattern.match(str(path))
        word = fits[0].partition("/")[0] if fits else ""
        return self._of_word.get(word, self._of_no_word).resolve(path)

    @cached_property
    def _of_word(self) -> dict[str, URLResolver]:
        """The patterns of each word, those that fit any word among them."""
        known: dict[str, list[Any]] = defaultdict(list)
        for word in {_word(pattern) for pattern in self.url_patterns} - {None}:
            known[str(word)] = [pattern for pattern in self.url_patterns if _word(pattern) in (word, None)]
        return {word: self._only(patterns) for word, patterns in known.items()}

    @cached_property
    def _of_no_word(self) -> URLResolver:
        return self._only([pattern for pattern in self.url_patterns if _word(pattern) is None])

    def _only(self, patterns: list[Any]) -> URLResolver:
        return URLResolver(self.pattern, patterns, self.default_kwargs, self.app_name, self.namespace)


def by_word(route: str, included: Any) -> ByWord:
    """As `path`, of addresses that are many."""
    found = path(route, included)
    return ByWord(found.pattern, found.urlconf_name, found.default_kwargs, found.app_name, found.namespace)


def _word(pattern: URLPattern | URLResolver) -> str | None:
    """The word with which every address of a pattern begins; None where it may begin with another."""
    word, slash, _ = str(pattern.pattern).partition("/")
    is_plain = not set(word) & set("<>()[]^$\\.*+?") and (slash or isinstance(pattern, URLPattern))
    return word if is_plain else None
