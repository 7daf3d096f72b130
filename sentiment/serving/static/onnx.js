// Ask, in a browser, a model that `python lstm.py export` wrote: docs/onnx.md of the project tells how.

/** Return {about, classes, tokenize, predict, reads} of the ONNX file at a URL; ort: onnxruntime-web. */
export async function load(ort, url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${answer.statusText}`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const about = metadata(bytes), tokenize = tokenizer(about);
  const session = await ort.InferenceSession.create(bytes);
  const indices = new Map(about.words.split('\n').map((word, k) => [word, k + 2]));
  indices.delete('');  // where there is no word

  /** Return the probabilities of each of some texts, a Float32Array in the order of the classes;
      they are NaN where it has no word. */
  async function predict(texts) {
    if (!texts.length) return [];
    const reviews = texts.map(text => tokenize(text).map(word => indices.get(word) ?? 1));
    const length = Math.max(1, ...reviews.map(review => review.length));
    const words = new BigInt64Array(texts.length * length);  // 0: padding
    reviews.forEach((review, k) => words.set(review.map(BigInt), k * length));
    const input = new ort.Tensor('int64', words, [texts.length, length]);
    const {data, dims: [, count]} = (await session.run({words: input})).probabilities;
    return texts.map((_, k) => data.slice(k * count, (k + 1) * count));
  }

  /** Return what is known of a text: {unknown, known}, the share of its words that the model does
      not know, and whether it knows one of the others; beside unknown words, punctuation is none. */
  function reads(text) {
    const words = tokenize(text), some = words.filter(word => indices.has(word));
    return {unknown: 1 - some.length / words.length,
            known: some.length === words.length || some.some(word => /[\p{L}\p{N}]/u.test(word))};
  }

  return {about, classes: JSON.parse(about.classes), tokenize, predict, reads};
}

// --- The metadata, which the runtime for browsers does not hand out -----------------------------

/** Return what a file of ONNX tells of itself, {name: text}: its field metadata_props, 14. */
export function metadata(bytes) {
  const told = {}, text = new TextDecoder();
  for (const [number, entry] of fields(bytes)) {
    if (number === 14) {
      const [name, value] = [...fields(entry)].map(([, part]) => text.decode(part));
      told[name] = value;
    }
  }
  return told;
}

/** Yield [number, bytes] of each field of a message of Protocol Buffers that holds bytes. */
function* fields(bytes) {
  let at = 0;
  function varint() {
    let value = 0, scale = 1, byte;
    do {
      byte = bytes[at++];
      value += (byte & 127) * scale;
      scale *= 128;
    } while (byte > 127);
    return value;
  }
  while (at < bytes.length) {
    const key = varint(), value = varint();  // a number, or how many bytes follow
    if (key % 8 === 2) {
      yield [key >> 3, bytes.subarray(at, at + value)];
      at += value;
    }
  }
}

// --- From a text to words, as in training -------------------------------------------------------

const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACES = new RegExp(`[${SPACE}]+`, 'gu');  // Python's; JavaScript's \s is another
const split = text => text.toLowerCase().split(SPACES).filter(word => word);

/** Return the function text -> list of words of a file's metadata; throw if it has none here. */
export function tokenizer({tokenizer: name, prefixes}) {
  if (name === 'whitespace') return split;
  if (name === 'characters') {  // marks stay with what they stand on
    return text => split(text).flatMap(word => word.match(/(?:^\p{M}|\P{M})\p{M}*/gu));
  }
  const [rules, language] = name.split(':');
  if (rules === 'moses' && !['zh', 'ja', 'ko'].includes(language)) {
    return moses(language, prefixes.split('\n'));
  }
  throw new Error(`the tokenizer ${name} is not to be had in a browser`);
}

const LETTER = '[\\p{Alphabetic}--[\\p{Script=Han}\\p{Script=Hangul}\\u{10000}-\\u{10ffff}]]';
const rule = (pattern, put, flags = 'gv') => [
  new RegExp(pattern.replaceAll('LETTER', LETTER).replaceAll('SPACE', SPACE), flags), put];
const APART = rule("([^LETTER\\p{Nd}SPACE.'`,\\-])", ' $1 ');
const COMMAS = [rule('([^\\p{N}]),', '$1 , '), rule(',([^\\p{N}])', ' , $1'),
                rule('(\\p{N}),$', '$1 , ', 'v')];
const BESIDE = [rule("([^LETTER])'([^LETTER])", "$1 ' $2"),
                rule("([^LETTER])'([LETTER])", "$1 ' $2"),
                rule("([LETTER])'([^LETTER])", "$1 ' $2")];
const ENGLISH = [BESIDE[0], rule("([^LETTER\\p{N}])'([LETTER])", "$1 ' $2"), BESIDE[2],
                 rule("([LETTER])'([LETTER])", "$1 '$2"), rule("(\\p{N})'(s)", "$1 '$2")];
const FRENCH = [...BESIDE, rule("([LETTER])'([LETTER])", "$1' $2")];
const APOSTROPHES = {en: ENGLISH, fr: FRENCH, it: FRENCH};
const ANY_LETTER = new RegExp(LETTER, 'v');
const replaced = (text, rules) => rules.reduce((found, one) => found.replace(...one), text);

/** Return the tokenizer of Moses' rules for a language: those of sacremoses, which is under MIT. */
function moses(language, prefixes) {
  const known = new Set(prefixes);
  const numeric = new Set(prefixes.filter(prefix => /\s#NUMERIC_ONLY#/.test(prefix))
    .map(prefix => prefix.slice(0, prefix.lastIndexOf(' '))));  // which keep it before a number

  function keepsDot(prefix, next = '') {
    return prefix.includes('.') && ANY_LETTER.test(prefix)
      || known.has(prefix) && !numeric.has(prefix)
      || /^\p{Lowercase}/u.test(next) || numeric.has(prefix) && /^[0-9]/.test(next);
  }

  function splitDot(word, k, words) {
    const [, prefix] = word.match(/^(.+)\.$/u) ?? [];
    return prefix === undefined || keepsDot(prefix, words[k + 1]) ? word : prefix + ' .';
  }

  return text => {
    text = text.replace(SPACES, ' ').replace(/[\0-\x1f]/g, '').trim();
    text = replaced(text, [APART]).replace(/\.{2,}/g, (dots, at, all) =>
      ` ${'DOT'.repeat(dots.length)}MULTI${at + dots.length < all.length ? ' ' : ''}`);
    text = replaced(text, [...COMMAS, ...(APOSTROPHES[language] ?? [rule("'", " ' ")])]);
    text = text.split(SPACES).filter(word => word).map(splitDot).join(' ');
    text = text.replace(/\.' ?$/, " . ' ").replace(/(?:DOT)+MULTI/g,
      dots => '.'.repeat((dots.length - 5) / 3));
    return split(text);
  };
}
