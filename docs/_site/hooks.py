"""What mkdocs does beside its own: links to files of the repository, formulas, the look of printed output.

A page links to `../src/glassnet/passes.py`, which works in a checkout; on the site, the link leads to a
page with the file's text, made here. Blocks of `math` hold LaTeX, and become MathML, which browsers show by
themselves.
"""

import posixpath
import re
from pathlib import Path

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

LINK = re.compile(r"\]\(((?:\.\./)+[\w./-]+)(#[\w-]+)?\)")
MATH = re.compile(r"^```math\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LANGUAGES = {".py": "python", ".sh": "sh", ".md": "markdown", ".toml": "toml", ".txt": "text"}


def repository_path(source: str, target: str) -> str | None:
    """Return the path in the repository that a page's link leads to, or None if it stays in docs/."""
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(source), target))
    return None if path == "docs" or path.startswith(("docs/", "..")) else path


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for every file of the repository that a page links to."""
    root = Path(config.config_file_path).parent
    wanted: set[str] = set()
    for file in files.documentation_pages():
        for target, _ in LINK.findall(file.content_string):
            path = repository_path(file.src_uri, target)
            if path is not None and (root / path).is_file():
                wanted.add(path)
    for path in sorted(wanted):
        text = (root / path).read_text("utf-8")
        language = LANGUAGES.get(Path(path).suffix, "text")
        content = f"---\nsearch:\n  exclude: true\n---\n\n# {path}\n\n~~~~~{language}\n{text}\n~~~~~\n"
        files.append(File.generated(config, f"source/{path}.md", content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links to those files lead to their pages; make formulas; mark what a block before printed."""
    here = page.file.src_uri
    if here.startswith("source/"):
        return markdown

    def there(match: re.Match[str]) -> str:
        path = repository_path(here, match[1])
        if path is None or files.get_file_from_path(f"source/{path}.md") is None:
            return match[0]
        return f"]({posixpath.relpath(f'source/{path}.md', posixpath.dirname(here) or '.')}{match[2] or ''})"

    markdown = markdown.replace("<!-- prints -->\n```text", "``` { .text .prints }")
    markdown = MATH.sub(formulas, markdown)
    return LINK.sub(there, markdown)


def formulas(match: re.Match[str]) -> str:
    """Return MathML, a formula for each line of LaTeX."""
    made = "".join(convert(line, display="block") for line in match[1].splitlines() if line.strip())
    return f'<div class="formula">{made}</div>'
