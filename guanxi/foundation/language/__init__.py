"""Text for machines: one written form for comparing, readings in pinyin, tokens for the search index.

`fold` gives the form in which texts are compared; `index_tokens` what is indexed of a text; both have a twin over Arrow
arrays (`fold_array`, `index_tokens_array`) that gives the same, a hundred thousand short names and more a second.
The package knows nothing of what the texts are about.
"""

from guanxi.foundation.language.forms import compatible, fold, fold_array, has_han, has_wide_script
from guanxi.foundation.language.pinyin import initials, latin_name, readings, romanise, split_name
from guanxi.foundation.language.tokens import index_tokens, title_token

__all__ = [
    "compatible",
    "fold",
    "fold_array",
    "has_han",
    "has_wide_script",
    "index_tokens",
    "initials",
    "latin_name",
    "readings",
    "romanise",
    "split_name",
    "title_token",
]
