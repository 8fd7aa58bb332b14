"""The book in a browser, as readers have it: on a phone, in the dark, without a network, without a mouse, by ear."""
import pytest

from tests.book.conftest import one_context, settle

KINDS = ["index.html", "lectures/09-watching-it-learn.html", "course/companions/lfd.html", "clinic.html",
         "notation.html",
         "exercises/index.html", "exercises/delta/delta.html", "api/mlp.html", "course/quiz.html", "compare.html",
         "course/teach/safety.html", "course/book/benchmarks/results.html", "search.html"]      # one of every kind
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
THEIRS = {}                                       # rules that the theme itself breaks: rule → why; none is left


def violations(page, axe):
    page.evaluate(axe)
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)["violations"]
    return [(v["id"], node["html"][:120]) for v in found if v["id"] not in THEIRS for node in v["nodes"]]


def every(pages, part):
    """A fixed share of the pages, or all of them."""
    return KINDS if part == "share" else pages


PARTS = pytest.mark.parametrize("part", ["share", pytest.param("all", marks=pytest.mark.proof)])


@PARTS
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, address, pages, axe, scheme, part):
    with one_context(browser, viewport={"width": 1280, "height": 900}, color_scheme=scheme) as page:
        for path in every(pages, part):
            settle(page, address + path)
            assert violations(page, axe) == [], path


def test_axe_would_find_something(opened, address, axe):
    page = opened(address + "index.html")
    page.evaluate("""document.querySelector('article h1').insertAdjacentHTML('afterend',
                     '<img src=x><p style="color:#ddd">pale words</p>')""")
    assert {rule for rule, _ in violations(page, axe)} >= {"image-alt", "color-contrast"}


@PARTS
def test_pages_fit_a_phone_and_every_formula_is_set(browser, address, pages, part):
    asked, wrong = [], []
    with one_context(browser, viewport={"width": 390, "height": 844}) as page:
        page.on("request", lambda r: asked.append(r.url) if not r.url.startswith((address, "data:", "blob:")) else None)
        page.on("response", lambda r: wrong.append(r.url) if r.status >= 400 else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        for path in every(pages, part):
            settle(page, address + path)
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
            assert page.locator("mjx-merror").count() == 0, path
    assert asked == [] and wrong == []


@pytest.mark.parametrize("path", ["index.html", "lectures/07-delta-recursion.html"])
def test_a_page_opens_from_a_plain_file_without_a_network(opened, site, path):
    page = opened((site / path).as_uri(), offline=True)
    assert page.locator("mjx-container").count() > 0 and page.locator("mjx-merror").count() == 0
    assert page.asked == [] and [w for w in page.wrong if "speech-worker" not in w] == []    # files have no workers


def test_a_stepping_figure_works_by_mouse_by_keys_and_by_ear(opened, address):
    page = opened(address + "lectures/07-delta-recursion.html", scheme="dark")
    figure = page.locator("[data-stepper]").first
    spoken, count = figure.locator("[aria-live]"), figure.locator("span").last
    keys, first = figure.locator("[role=group][tabindex]"), spoken.inner_text()
    figure.get_by_role("button", name="Next step").click()
    second = spoken.inner_text()
    assert first != second and count.inner_text().startswith("step 1 of")
    keys.press("ArrowRight")
    assert count.inner_text().startswith("step 2 of") and spoken.inner_text() not in (first, second)
    keys.press("End")
    assert figure.get_by_role("button", name="Next step").is_disabled()
    assert figure.locator("svg[role=img]").get_attribute("aria-label")


def test_without_scripts_figures_stand_still_and_tell_their_steps(browser, address):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(address + "lectures/07-delta-recursion.html")
    figure = page.locator("[data-stepper]").first
    assert figure.locator("img").is_visible() and figure.locator("li").count() > 5
    page.goto(address + "index.html")
    assert page.locator("[data-flow] img").is_visible()
    page.context.close()


def test_the_moving_picture_can_be_stopped_and_keeps_still_for_who_wants_no_motion(opened, address):
    def moments(page):
        return {(page.wait_for_timeout(400), page.locator("[data-flow] svg").inner_html())[1] for _ in range(5)}

    page = opened(address + "index.html")
    assert len(moments(page)) > 1
    page.get_by_role("button", name="Pause").click()
    assert len(moments(page)) == 1
    assert len(moments(opened(address + "index.html", reduced_motion="reduce"))) == 1


@pytest.mark.parametrize("words, first", [
    ("LFD-18", "course/companions/lfd.html#lfd-18"), ("ECE417-46", "course/companions/ece417.html#ece417-46"),
    ("softmax Jacobian", "lectures/10-classifiers.html"), ("δ recursion", "lectures/07-delta-recursion.html"),
    ("gradient checking", "lectures/11-trust-but-check.html"),
    *[(words, f"course/companions/{id.partition('-')[0]}.html#{id}") for words, id in (
        ("bias gradient", "taylor-41"), ("weight gradient", "taylor-46"), ("softmax cross entropy", "taylor-40"),
        ("scalar chain rule", "taylor-18"), ("chain rule vector", "taylor-19"), ("conditional mean", "ece417-13"),
        ("hidden gradient deltas", "ece417-33"), ("weight step", "lfd-25"), ("deltas vanish", "lfd-19"),
        ("delta slope pre-activation", "ece417-31"), ("add gate", "ece884-25"), ("transposed Jacobian", "taylor-20"),
        ("error term output", "aiml231-06"), ("Hadamard product", "ece417-81"), ("VJP", "taylor-20"),
        ("reverse mode", "taylor-28"), ("vanishing gradient", "lfd-19"), ("log loss", "ece417-63"),
        ("weight decay", "ece884-02"), ("sigmoid derivative", "lfd-22"), ("ReLU", "lfd-28"),
        ("maximum likelihood", "taylor-12"), ("beta recursion", "aiml231-07"))]])
def test_search_finds_an_equation_by_its_id_and_by_what_it_is_called(opened, address, words, first):
    page = opened(f"{address}search.html?q={words}")
    page.locator("#search-results ul.search li a").first.wait_for()
    found = [link.get_attribute("href") for link in page.locator("#search-results ul.search li a").all()[:4]]
    assert any(href.split("?")[0] in (first, f"./{first}") or href.split("?")[0].startswith(first)
               for href in found), found


def test_a_citation_leads_to_its_equation(opened, address):
    page = opened(address + "lectures/07-delta-recursion.html")
    link = page.locator("article a[href='#eq-7-1']").first
    link.click()
    top = page.evaluate("document.getElementById('eq-7-1').getBoundingClientRect().top")
    assert 0 <= top < 900


HEARD = """() => {
  const found = document.querySelector("mjx-container[display=true]");
  const named = found.matches("[aria-label]") ? found : found.querySelector("[aria-label]");
  return named?.getAttribute("aria-label") ?? "";
}"""


def test_formulas_can_be_heard(opened, address):
    page = opened(address + "lectures/07-delta-recursion.html")
    page.wait_for_function(f"({HEARD})().length > 10")
    assert "\\" not in page.evaluate(HEARD)
