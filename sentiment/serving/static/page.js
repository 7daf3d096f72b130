// The page: a review is asked about while it is typed, the answer shown, words in colours.

import {carry, level, paint, place, scaleOf} from './colours.js';
import {draw} from './charts.js';
import {prepare} from './upload.js';
import {className, number, share, signed, speak, spoken, t, whole} from './words.js';

const WAIT = 200;                          // ms after the last key
const SAY = 900;                           // and until it is read out
const COLOURED = 20000, MOST = 100000;     // characters, as the server has it
const TELLING = 8;                         // words that are listed
const $ = id => document.getElementById(id);

let classes = [];
let about = null;
let asked = 0;                             // counts what is asked: an older answer is dropped
let abort = null;
let shown = {text: '', spans: [], scale: 1, answer: null};
let timer = 0, saying = 0;

// --- Asking -----------------------------------------------------------------------------------

function typed() {
  const text = $('review').value;
  shown = {...shown, text, spans: carry(shown.spans, shown.text, text)};
  paint($('colours'), text, shown.spans, shown.scale);
  clearTimeout(timer);
  clearTimeout(saying);
  asked++;
  abort?.abort();
  if (!text.trim()) return show(text, null);
  document.body.classList.add('waiting');
  timer = setTimeout(ask, WAIT, text, asked);
}

async function ask(text, mine) {
  if (text.length > MOST) return fail(t('tooLong', {most: whole(MOST)}));
  if ($('here').checked) return askHere(text, mine);
  abort = new AbortController();
  try {
    const response = await fetch(text.length > COLOURED ? '/predict' : '/explain', {
      method: 'POST', signal: abort.signal, headers: {'content-type': 'application/json'},
      body: JSON.stringify({texts: [text.toWellFormed?.() ?? text]})});
    const found = await response.json();
    if (mine !== asked) return;
    if (response.status === 503) {
      fail(t('busy'));
      timer = setTimeout(ask, 1000, text, mine);
    } else if (!response.ok) fail(found.detail);
    else show(text, found.answers[0]);
  } catch {
    if (mine === asked) fail(t('unreachable'));
  }
}

async function askHere(text, mine) {
  try {
    const {answer} = await import('./here.js');
    const found = await answer(text);
    if (mine === asked) show(text, found);
  } catch (error) {
    if (mine === asked) fail(t('notHere', {why: error.message}));
  }
}

// --- Showing ----------------------------------------------------------------------------------

function fail(reason) {
  document.body.classList.remove('waiting');
  $('problem').textContent = reason;
  $('problem').hidden = !reason;
  if (reason) $('answer').hidden = $('legend').hidden = true;
  if (reason) $('said').textContent = reason;
}

function show(text, answer) {
  const words = answer?.words ?? [];
  shown = {text, answer, scale: scaleOf(words), spans: place(text, words)};
  paint($('colours'), text, shown.spans, shown.scale);
  fail(answer?.problem ? t('noWord') : '');
  $('answer').hidden = !answer?.label;
  $('legend').hidden = !words.length;
  if (!answer?.label) return;
  $('label').textContent = className(answer.label);
  $('label').parentElement.className = 'verdict ' + side(answer.label);
  $('percent').textContent = share(answer.probability);
  $('bars').replaceChildren(...Object.entries(answer.probabilities).map(bar));
  note(text, answer);
  if (words.length) explain(answer);
  saying = setTimeout(() => {
    $('said').textContent = t('said', {label: className(answer.label), share: share(answer.probability)});
  }, SAY);
}

function side(name) {
  return classes.length !== 2 ? '' : name === classes[1] ? 'for' : 'against';
}

function bar([name, probability]) {
  const item = document.createElement('li');
  const [head, box, tail] = ['span', 'div', 'span'].map(kind => document.createElement(kind));
  const fill = document.createElement('i');
  box.className = 'bar';
  fill.className = side(name);
  fill.style.width = 100 * probability + '%';
  box.append(fill);
  head.textContent = className(name);
  tail.textContent = share(probability);
  item.append(head, box, tail);
  return item;
}

function note(text, answer) {
  const notes = [];
  if (answer.note) notes.push(t('noKnown'));
  else if (answer.unknown_words > 0.5) notes.push(t('unknown', {share: share(answer.unknown_words)}));
  if (text.length > COLOURED && !$('here').checked) notes.push(t('uncoloured', {most: whole(COLOURED)}));
  $('note').textContent = notes.join(' ');
  $('note').hidden = !notes.length;
}

function explain({words, towards, explained}) {
  const {scale} = shown;
  const other = classes.length === 2 ? t('instead', {name: className(classes[0]), most: signed(-scale)})
    : t('against', {name: className(towards), most: signed(-scale)});
  $('against').textContent = other;
  $('towards').textContent = t('towards', {name: className(towards), most: signed(scale)});
  $('meaning').textContent = t('meaning', {name: className(towards), most: '±' + number(scale, 3)})
    + (explained === 'by sentence' ? ' ' + t('sentences') : '');
  const strong = words.filter(([, value]) => level(value, scale))
    .sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, TELLING);
  $('telling').replaceChildren(...strong.map(([word, value]) => {
    const item = document.createElement('li');
    const [name, change] = ['b', 'span'].map(kind => document.createElement(kind));
    name.textContent = word;
    change.textContent = signed(value);
    item.className = level(value, scale);
    item.append(name, change);
    return item;
  }));
}

// --- How it was trained -----------------------------------------------------------------------

function tell() {
  if (!about) return;
  const first = about.models[0];
  const test = first.errors.test;
  $('which').textContent = about.models.length > 1 ? t('many', {n: about.models.length})
    : test != null ? t('which', {name: first.name, share: share(test)}) : first.name;
  $('models').replaceChildren(...about.models.flatMap(model => {
    const charts = document.createElement('div');
    charts.className = 'charts';
    charts.append(...draw(model));
    const title = document.createElement('h3');
    title.textContent = model.name;
    if (!charts.children.length) charts.textContent = t('unknownCourse');
    return [title, facts(model), charts];
  }));
}

function facts(model) {
  const {options, errors} = model;
  const some = {
    data: t(options.dataset ?? '') ?? options.dataset,
    n_train: model.n_train && whole(model.n_train),
    test: errors.test != null && share(errors.test), valid: errors.valid != null && share(errors.valid),
    train: errors.train != null && share(errors.train),
    calibration_error: model.calibration_error != null && number(model.calibration_error, 2),
    temperature: number(model.temperature),
    classes: about.classes.map((name, k) => className(name) + (model.class_shares ? ' ' + share(model.class_shares[k]) : '')).join(', '),
    vocabulary: whole(about.n_words), tokenizer: about.tokenizer, n_params: whole(model.n_params),
    network: t('facts.network_is', {n: options.dim_proj, pooling: t(options.pooling ?? 'mean') ?? options.pooling}),
    ngrams: options.ngrams && t('facts.ngrams_is', {n: options.ngrams}),
    optimizer: options.optimizer, updates: model.n_updates && whole(model.n_updates),
    engine: model.engine, seed: options.seed,
  };
  const list = document.createElement('dl');
  for (const [name, value] of Object.entries(some)) {
    if (value === undefined || value === null || value === false) continue;
    const [box, term, told] = ['div', 'dt', 'dd'].map(kind => document.createElement(kind));
    term.textContent = t('facts.' + name);
    told.textContent = value;
    box.append(term, told);
    list.append(box);
  }
  return list;
}

// --- Language, and the start ------------------------------------------------------------------

function translate() {
  document.documentElement.lang = spoken() === 'zh' ? 'zh-CN' : 'en';
  document.title = t('title');
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
  $('language').textContent = t('other');
  $('language').lang = spoken() === 'zh' ? 'en' : 'zh-CN';
  $('scroll').setAttribute('aria-label', t('table'));
  for (const button of $('examples').querySelectorAll('button')) button.remove();
  $('examples').append(...t('examples').map(text => {
    const button = document.createElement('button');
    button.type = 'button';
    button.lang = 'en';
    button.textContent = text;
    button.addEventListener('click', () => {
      $('review').value = text;
      typed();
      $('review').focus();
    });
    return button;
  }));
  show(shown.text, shown.answer);
  tell();
}

function remembered() {
  try {
    return localStorage.getItem('language');
  } catch {  // where nothing may be kept
    return null;
  }
}

$('language').addEventListener('click', () => {
  speak(spoken() === 'zh' ? 'en' : 'zh');
  try {
    localStorage.setItem('language', spoken());
  } catch { /* then it is asked again */ }
  translate();
});
$('here').addEventListener('change', () => {
  $('kept').dataset.t = $('here').checked ? 'keptHere' : 'kept';
  $('kept').textContent = t($('kept').dataset.t);
  typed();
});
$('review').addEventListener('input', typed);
speak(remembered() ?? (navigator.language.startsWith('zh') ? 'zh' : 'en'));
translate();
prepare();
try {
  about = await (await fetch('/model')).json();
  classes = about.classes;
  $('here-box').hidden = !about.in_browser;
  tell();
} catch {
  fail(t('unreachable'));
}
if ($('review').value) typed();  // what a browser kept over a reload
