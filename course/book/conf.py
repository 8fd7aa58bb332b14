"""Sphinx's view of the book. `chainrule_grading.book` stages the pages and calls it; nothing here runs a lecture."""
from pathlib import Path

project = "chainrule"
author = "the chainrule authors"
copyright = "the chainrule authors; texts and figures CC BY 4.0, code BSD-3-Clause"
language = "en"

extensions = ["myst_nb"]
exclude_patterns = []
root_doc = "index"
nitpicky = True

myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath", "html_image"]
myst_heading_anchors = 4
myst_heading_slug_func = "chainrule_grading.book.slug"
nb_execution_mode = "off"                          # the book shows what is committed
nb_merge_streams = True

# MathJax lies beside the pages (npm, package-lock.json), so that no reader needs a network. A wide equation scrolls in
# its own box: breaking it would shatter aligned derivations.
mathjax_path = "../mathjax/tex-mml-chtml.js"     # beside _static, in which it would be loaded as a page's own script
mathjax4_config = {"loader": {"paths": {"mathjax-newcm": "[mathjax]/../mathjax-newcm-font"}},
                   "output": {"displayOverflow": "overflow"}}

html_theme = "sphinx_book_theme"
html_title = "chainrule"
html_baseurl = ""
html_static_path = ["static"]
html_css_files = ["style.css", "book.css"]
html_js_files = ["book.js"]
html_extra_path = ["../extra"]
html_context = {"default_mode": "auto"}
html_search_scorer = str(Path(__file__).with_name("scorer.js"))
html_copy_source = False
html_show_sourcelink = False
html_last_updated_fmt = None
html_favicon = "static/favicon.svg"
html_theme_options = {
    "navbar_persistent": [],                       # one search field, in the side bar
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "logo": {"text": "chainrule"},
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
