"""Configuration of Sphinx; `website.build` copies the pages and runs Sphinx."""

from pathlib import Path

import keras_mtl

project = "keras_mtl"
author = "the authors of keras_mtl"
version = release = keras_mtl.__version__
language = "en"
# Blocks without a language are commands.
highlight_language = "none"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "website.docstrings",
    "website.link_titles",
]

root_doc = "index"
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
# Quotes in titles are quotes of TOML.
smartquotes = False
# Each warning of the build is an error in a page: `website.build` runs with -W.
show_warning_types = True

# GitHub shows the same pages: headings are link targets by GitHub's rule.
myst_heading_anchors = 3
myst_enable_extensions = ["html_image"]

autodoc_typehints = "none"
# Keras's docstrings are Markdown, and not part of this reference.
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Call arguments", "params_style")]
# `name` in a docstring is code, and a link if the name is documented.
default_role = "code_or_link"

html_theme = "furo"
html_title = f"keras_mtl {release}"
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/favicon.svg"
html_search_scorer = str(Path(__file__).parent / "search_scorer.js")
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

sphinx_gallery_conf = {
    "examples_dirs": [str(Path(__file__).parent / "gallery")],
    "gallery_dirs": ["gallery"],
    "within_subsection_order": "FileNameSortKey",
    # A failed script ends the build.
    "abort_on_example_error": True,
    "download_all_examples": False,
    "reference_url": {"keras_mtl": None},
    "doc_module": ("keras_mtl",),
    "show_memory": False,
    "show_signature": False,
    "plot_gallery": True,
    "write_computation_times": False,
}
