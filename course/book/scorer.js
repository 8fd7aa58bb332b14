// A heading that is what was asked for comes before pages that merely mention it; the other numbers are Sphinx's own.
var Scorer = {
  score: ([docname, title, anchor, description, score]) => anchor ? score + 30 : score,
  objNameMatch: 11, objPartialMatch: 6, objPrio: {0: 15, 1: 5, 2: -5}, objPrioDefault: 0,
  title: 15, partialTitle: 7, term: 5, partialTerm: 2,
};

// A statement's heading tells what it says: it is found by all the words asked for, in any order, not only by a phrase
// that makes up half of it, as Sphinx has it. The shortest heading comes first.
const byHeadings = usual => (query, terms, ...others) => {
  const stemmer = new Stemmer(), {alltitles, docnames, filenames, titles} = Search._index, found = [];
  const words = text => new Set(splitQuery(text.toLowerCase()).map(word => stemmer.stemWord(word)));
  const asked = [...words(query)].filter(word => word && !stopwords.has(word));      // with numbers: LFD-18
  if (!asked.length) return usual(query, terms, ...others);
  for (const [title, places] of Object.entries(alltitles)) {
    const held = words(title);
    if (!asked.every(word => held.has(word))) continue;
    for (const [file, id] of places) if (id !== null) {
      found.push([docnames[file], `${titles[file]} > ${title}`, `#${id}`, null, 1000 - title.length, filenames[file],
        SearchResultKind.title]);
    }
  }
  const place = result => result[0] + result[2], listed = new Set(found.map(place));
  const rest = usual(query, terms, ...others).filter(result => !listed.has(place(result)));
  return [...rest, ...found.sort((a, b) => a[4] - b[4])];          // Sphinx shows the last one first
};
Search._performSearch = byHeadings(Search._performSearch);
