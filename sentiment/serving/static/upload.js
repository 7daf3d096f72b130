// A file, sent and answered: lines of JSON tell how far it is, and bring the table.

import {className, t, whole} from './words.js';

const MOST = 2 ** 26;
const $ = id => document.getElementById(id);
let running = null;  // the AbortController of what is under way
let link = null;

export function prepare() {
  const drop = $('drop');
  $('file').addEventListener('change', event => event.target.files.length && answer(event.target.files[0]));
  $('stop').addEventListener('click', () => running?.abort());
  for (const kind of ['dragenter', 'dragover']) {
    document.addEventListener(kind, event => {
      event.preventDefault();
      drop.classList.add('over');
    });
  }
  for (const kind of ['dragleave', 'drop']) document.addEventListener(kind, () => drop.classList.remove('over'));
  document.addEventListener('drop', event => {
    event.preventDefault();  // a file that misses its place shall not replace the page
    if (event.dataTransfer.files.length) answer(event.dataTransfer.files[0]);
  });
}

function problem(text) {
  $('file-problem').textContent = text;
  $('file-problem').hidden = !text;
  $('file-said').textContent = text;
}

function stage(text, part) {
  $('stage').textContent = text;
  if (part === null) $('progress').removeAttribute('value');
  else $('progress').value = part;
}

async function answer(file) {
  running?.abort();
  const mine = running = new AbortController();
  problem('');
  $('table').hidden = true;
  if (file.size > MOST) return problem(t('large'));
  $('working').hidden = false;
  stage(t('sending', {name: file.name}), null);
  try {
    const query = new URLSearchParams({text_column: $('column').value.trim(), encoding: $('encoding').value.trim()});
    const response = await fetch('/table?' + query, {
      method: 'POST', body: file, signal: mine.signal, headers: {'content-type': 'application/octet-stream'}});
    if (!response.ok) throw new Error((await response.json()).detail);
    await receive(file.name, response.body);
  } catch (error) {
    if (running === mine) problem(mine.signal.aborted ? t('stopped') : error instanceof TypeError ? t('unreachable') : error.message);
  } finally {
    if (running === mine) {
      $('working').hidden = true;
      $('file').value = '';  // so that the same may be chosen again
      running = null;
    }
  }
}

async function receive(name, body) {
  const table = [];
  let preview = null;
  for await (const event of events(body)) {
    if ('error' in event) throw new Error(event.error);
    if ('done' in event) stage(t('answering', {name, done: size(event.done)}), event.size ? event.done / event.size : null);
    if ('preview' in event) preview = event.preview;
    if ('table' in event) table.push(Uint8Array.from(atob(event.table), letter => letter.charCodeAt(0)));
    if ('end' in event) return show(name, preview, new Blob(table), event);
  }
  throw new Error(t('cut'));
}

// The objects of a stream, a line each.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop();
    for (const one of lines) yield JSON.parse(one);
  }
}

function size(bytes) {
  return bytes < 2 ** 20 ? whole(Math.ceil(bytes / 1024)) + ' KiB' : whole(Math.round(bytes / 2 ** 20)) + ' MiB';
}

function show(name, {columns, rows}, blob, end) {
  const body = $('table').querySelector('tbody');
  $('table').querySelector('thead').replaceChildren(row('th', columns, []));
  body.replaceChildren(...rows.map(cells => row('td', cells, columns)));
  if (link) URL.revokeObjectURL(link);
  link = URL.createObjectURL(blob);
  $('save').href = link;
  $('save').download = name.replace(/(\.[a-z0-9]{1,7})?(\.(gz|bz2|xz|zip))?$/i, '') + '.answers' + end.ending;
  $('rows').textContent = t(rows.length < 50 ? 'all' : 'shown', {n: whole(rows.length)});
  $('table').hidden = false;
  problem(end.warning ?? '');
  $('file-said').textContent = [t('ready', {name}), end.warning].filter(Boolean).join(' ');
}

function row(kind, cells, columns) {
  const tr = document.createElement('tr');
  tr.append(...cells.map((text, k) => {
    const cell = document.createElement(kind);
    const label = columns[k] === 'label';
    cell.textContent = label ? className(text) : columns[k]?.startsWith('probability') || columns[k] === 'unknown_words' ? brief(text) : text;
    if (label && text === 'positive') cell.className = 'for';
    if (label && text === 'negative') cell.className = 'against';
    if (kind === 'th') cell.scope = 'col';
    return cell;
  }));
  return tr;
}

function brief(text) {
  const value = Number(text);
  return text === '' || Number.isNaN(value) ? text : value.toFixed(4);
}
