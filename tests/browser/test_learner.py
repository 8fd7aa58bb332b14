"""A learner's afternoon in a real browser: read, step, try, be told why, get it right, hand in, read the feedback."""
import re
import subprocess
import sys

from playwright.sync_api import expect

from chainrule.exercises._registry import exercises_of
from tests.browser.conftest import own_environment

WRONG = "def output_delta(Y_hat, Y):\n    return Y_hat - Y"
RIGHT = "def output_delta(Y_hat, Y):\n    return (Y_hat - Y) / len(Y)"


def cell(page, text):
    """The code cell that holds `text`, in the notebook that is open."""
    found = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell",
                         has=page.locator(".cm-content", has_text=text)).first
    found.scroll_into_view_if_needed()
    return found


def run(page, text):
    """Run the cell that holds `text` as a person does: click beside it, Shift + Enter. The cell, when it has run."""
    one = cell(page, text)
    prompt, before = one.locator(".jp-InputPrompt"), one.locator(".jp-InputPrompt").inner_text()
    for _ in range(5):                            # a lab that is still settling may take the focus away once
        prompt.click()
        page.keyboard.press("Shift+Enter")
        try:
            expect(prompt).not_to_have_text(before, timeout=3000)
            break
        except AssertionError:
            continue
    expect(prompt).to_have_text(re.compile(r"^\[\d+\]:$"), timeout=45_000)
    return one


def write(page, text, code):
    """Put `code` in place of what the cell that holds `text` says, and run it."""
    cell(page, text).locator(".cm-content").fill(code)
    return run(page, text)


def when_ready(page):
    """Wait until the notebook's kernel waits for work (on a phone its sign is folded away)."""
    page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', state="attached")
    return page


def test_a_learner_reads_tries_hands_in_and_sees_the_feedback(lab, open_page):
    course, address, folder = lab
    page = open_page(f"{address}/?token=t0ken")
    expect(page).to_have_url(re.compile("/chainrule/start"))
    expect(page.get_by_role("link", name="Read lecture 00")).to_be_visible()

    # A lecture opens, its figure moves without being run (it is trusted), and looking at it changes nothing.
    page.get_by_role("link", name="07 The δ recursion", exact=True).click()
    when_ready(page)
    stepper = page.locator(".chainrule-stepper").first
    said = stepper.locator("[aria-live]").inner_text()
    stepper.get_by_role("button", name="Next").click()
    expect(stepper.locator("[aria-live]")).not_to_have_text(said)
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)

    # The start page has noted it, and sends us on to the exercises of that lecture.
    page.goto(f"{address}/chainrule/start")
    expect(page.get_by_text(f"1 of {len(list(course.lectures.glob('*.ipynb')))} lectures opened")).to_be_visible()
    page.get_by_role("link", name="Work on the exercises: The δ recursion").click()
    when_ready(page)
    run(page, "from chainrule.exercises import check")

    # Untouched: a friendly card, no traceback.
    run(page, "def output_delta(Y_hat, Y)")
    checked = run(page, 'check("delta.output", output_delta)')
    expect(checked.get_by_role("status")).to_contain_text("Waiting for your code")
    expect(checked).not_to_contain_text("Traceback")

    # Wrong: the mistake by its name; the second time a closer question; right: praise and the marks.
    write(page, "def output_delta(Y_hat, Y)", WRONG)
    checked = run(page, 'check("delta.output", output_delta)')
    expect(checked.get_by_role("status")).to_contain_text("the 1/n is missing")
    expect(checked).not_to_contain_text("Look closer")
    checked = run(page, 'check("delta.output", output_delta)')
    expect(checked.get_by_role("status")).to_contain_text("Look closer: Nudge one entry")
    write(page, "def output_delta(Y_hat, Y)", RIGHT)
    checked = run(page, 'check("delta.output", output_delta)')
    expect(checked.get_by_role("status")).to_contain_text("✓ Right · delta.output · 2 of 2 points")

    # nbgrader's Validate saves the notebook and lists what is still open, in our words.
    page.get_by_role("button", name="Validate").click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("Waiting for your code · delta.hidden")
    expect(dialog).not_to_contain_text('check("delta.output", ')
    dialog.get_by_role("button").last.click()

    # The start page knows the mark; handing in gives a receipt.
    page.goto(f"{address}/chainrule/start")
    mine = page.locator("#delta")
    expect(mine).to_contain_text(f"2 of {sum(task.points for task in exercises_of('delta')):g} points")
    mine.get_by_text("Hand in delta").first.click()
    mine.get_by_label("Your name in the class").fill("ada")
    mine.get_by_role("button", name="Hand in delta").click()
    expect(page.locator("#delta")).to_contain_text("as ada")
    handed = course.classroom / "submitted/ada/delta/delta.ipynb"
    assert handed.read_bytes() == course.release("delta").read_bytes()

    # The instructor grades; the page lists the feedback.
    graded = subprocess.run([sys.executable, "-m", "chainrule_grading.cli", "grade", "delta"], cwd=course.root,
                            env=own_environment(folder), capture_output=True, text=True, check=False)
    assert graded.returncode == 0, graded.stdout + graded.stderr
    page.reload()
    page.get_by_role("link", name="Feedback of").click()
    expect(page.get_by_text("✓ Right · delta.output").first).to_be_visible()
