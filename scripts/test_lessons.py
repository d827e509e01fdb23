"""A notebook's page shows its text, formulas and figures without a network."""

import re
import unittest
from pathlib import Path

import export_lessons
import nbformat

ROOT = Path(__file__).resolve().parent.parent


class Lessons(unittest.TestCase):
    def test_a_page_has_every_figure_and_formula_and_fetches_nothing(self):
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            text, body = export_lessons.page(path)
            cells = nbformat.read(path, as_version=4).cells
            outputs = [out for cell in cells for out in cell.get("outputs", [])]
            figures = sum(export_lessons.FIGURE in out.get("data", {}) for out in outputs)
            self.assertEqual(body.count("Plotly.newPlot("), figures, path.name)
            self.assertIn("<math", body)
            self.assertNotRegex(body, r"formula\d+formula")
            self.assertFalse(export_lessons.FETCHED.findall(body), path.name)
            self.assertIn("<title>", text)

    def test_links_lead_to_pages_or_to_the_web(self):
        link = lambda text: export_lessons.LINK.sub(export_lessons.link, text)
        self.assertEqual(link("[next](Opening%20Results.ipynb)"), "[next](Opening-Results.html)")
        self.assertEqual(link("[the diary](../experiments/diary.md)"), "the diary")
        self.assertEqual(link("[paper](https://arxiv.org/abs/1506.02557)"), "[paper](https://arxiv.org/abs/1506.02557)")

    def test_code_keeps_its_dollars_and_formulas_become_mathml(self):
        formulas = export_lessons.Formulas()
        aside = lambda text: export_lessons.FORMULA.sub(formulas.set_aside, text)
        text = export_lessons.outside_code(aside, "`$HOME` and $x^2$ and $$\\frac12$$")
        back = formulas.put_back(text)
        self.assertTrue(back.startswith("`$HOME` and <math"), back)
        self.assertEqual(len(re.findall(r"<math", back)), 2)

    def test_a_figure_cannot_end_its_script(self):
        self.assertNotIn("</b>", export_lessons.figure({"data": [], "layout": {"title": "<b>x</b>"}}, 1))


if __name__ == "__main__":
    unittest.main()
