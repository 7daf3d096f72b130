// The words of a text in colours, below the textarea that it is typed into.

const FAR = 60;       // characters that a word is looked for ahead
const LEAST = 0.1;    // of the scale: less has no colour
const FLOOR = 0.5;    // log-odds: where no word changes more, none is made to look strong

// Place the words of an explanation in the text that they were made of: [{start, end, value}].
export function place(text, words) {
  const low = lower(text);
  const found = [];
  let at = 0;
  for (const [word, value] of words) {
    const start = low.indexOf(word, at);
    if (start < 0 || start - at > FAR) continue;
    at = start + word.length;
    found.push({start, end: at, value});
  }
  return found;
}

// Lower case, every place of a letter kept: a few letters have small ones of another length.
function lower(text) {
  const low = text.toLowerCase();
  return low.length === text.length ? low : Array.from(text, letter => {
    const small = letter.toLowerCase();
    return small.length === letter.length ? small : letter;
  }).join('');
}

// What the darkest colour stands for, in log-odds.
export function scaleOf(words) {
  return words.reduce((most, [, value]) => Math.max(most, Math.abs(value)), FLOOR);
}

// The class of a contribution: p1 to p4, n1 to n4, or none.
export function level(value, scale) {
  const part = Math.abs(value) / scale;
  return part < LEAST ? '' : (value > 0 ? 'p' : 'n') + Math.min(4, Math.ceil(part * 4));
}

// The spans of an old text where they still stand in a new one, while its answer is awaited.
export function carry(spans, old, text) {
  let before = 0;
  let after = 0;
  const least = Math.min(old.length, text.length);
  while (before < least && old[before] === text[before]) before++;
  while (after < least - before && old[old.length - 1 - after] === text[text.length - 1 - after]) after++;
  const moved = text.length - old.length;
  return spans.flatMap(span => span.end <= before ? [span]
    : span.start >= old.length - after ? [{...span, start: span.start + moved, end: span.end + moved}] : []);
}

// Show a text with its spans: text is only ever put in as text.
export function paint(element, text, spans, scale) {
  const parts = [];
  let at = 0;
  for (const {start, end, value} of spans) {
    const mark = document.createElement('mark');
    mark.className = level(value, scale);
    mark.textContent = text.slice(start, end);
    parts.push(text.slice(at, start), mark);
    at = end;
  }
  element.replaceChildren(...parts, text.slice(at) + '\n');
}
