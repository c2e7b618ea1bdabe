"""Puts what the pages link to outside of docs/ into the site: the README as its home page, and other files as text."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).parents[2]
# The pages outside of docs/, by their names in the site.
OUTER_PAGES = {
    "README.md": "index.md",
    "SECURITY.md": "security.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
} | {
    f"examples/{page.parent.name}/README.md": f"examples/{page.parent.name}.md"
    for page in ROOT.glob("examples/*/README.md")
}
ASSETS = {
    "assets/mermaid.tiny.js": "docs/site/node_modules/@mermaid-js/tiny/dist/mermaid.tiny.js",
    "assets/site.css": "docs/site/site.css",
}

# A link or an image of Markdown, and the pictures of an HTML element.
_LINK = re.compile(r"(\]\(|\bsrc(?:set)?=\")([^)\s#\"]+)([^)\s\"]*[)\"])")

_DIAGRAM = re.compile(r'<pre class="mermaid">.*?</pre>', re.DOTALL)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages outside of docs/, the assets, and every repository file that a page links to."""
    sources = {file.src_uri: f"docs/{file.src_uri}" for file in files if file.src_uri.endswith(".md")}
    sources |= {uri: path for path, uri in OUTER_PAGES.items()}
    for uri, path in sources.items():
        text = (ROOT / path).read_text()
        if uri in OUTER_PAGES.values():
            files.append(File.generated(config, uri, content=_links_in_site(text, path)))
        for linked in _links_out(text, path):
            if files.get_file_from_path(_text_uri(linked)) is None:
                files.append(File.generated(config, _text_uri(linked), content=(ROOT / linked).read_text()))
    for uri, path in ASSETS.items():
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_rest: Any) -> str:
    """Return the page with its links out of docs/ led to the files of the site."""
    if page.file.src_uri in OUTER_PAGES.values():
        return markdown
    return _links_in_site(markdown, f"docs/{page.file.src_uri}")


def on_page_content(html: str, **_rest: Any) -> str:
    """Return the page with each diagram in an element that may scroll."""
    return _DIAGRAM.sub(r'<div class="diagram">\g<0></div>', html)


def _links_in_site(text: str, path: str) -> str:
    """Return the text of the repository's file with each link as it is in the site."""
    here = posixpath.dirname(_uri(path))
    return _LINK.sub(lambda link: link[1] + _target(link[2], path, here) + link[3], text)


def _links_out(text: str, path: str) -> set[str]:
    """Return the repository files, neither pages of the site nor files of docs/, that the text links to."""
    linked = {_repository_path(link[2], path) for link in _LINK.finditer(text)}
    return {each for each in linked if each and _uri(each) == _text_uri(each) and (ROOT / each).is_file()}


def _target(target: str, path: str, here: str) -> str:
    linked = _repository_path(target, path)
    return posixpath.relpath(_uri(linked), here or ".") if linked else target


def _repository_path(target: str, path: str) -> str:
    """Return the path in the repository of a relative link, or an empty text for an address."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return ""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def _uri(path: str) -> str:
    """Return the name in the site of a file of the repository."""
    if path in OUTER_PAGES:
        return OUTER_PAGES[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return _text_uri(path)


def _text_uri(path: str) -> str:
    return f"repository/{path}.txt"
