/* How the site's search orders its results; Sphinx reads it in place of its own rules.
   Sphinx gives every page with a word in any heading the same score, and sorts by title. */
"use strict";

var Scorer = {
  score: ([docName, title, , , score]) => {
    const query = new URLSearchParams(window.location.search).get("q") || "";
    const words = query.toLowerCase().split(/\s+/).filter((word) => word);
    const heading = title.toLowerCase();
    const found = words.filter((word) => heading.includes(word)).length;
    if (found) score += (20 * found) / words.length;
    // For those who change the package, not for those who use it.
    if (/^(CHANGELOG|CONTRIBUTING|benchmarks\/|docs\/internals)/.test(docName)) score -= 10;
    return score;
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
