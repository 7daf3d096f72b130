// How a model was trained, drawn as SVG; all of its colours are classes of page.css.

import {number, share, t, whole} from './words.js';

const WIDE = 330, HIGH = 190, LEFT = 42, RIGHT = 10, TOP = 12, BOTTOM = 24;

function add(parent, name, attributes = {}, text) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

// A picture with axes, and functions from values to places.
function frame(kind, [lowX, highX], [lowY, highY], asX, asY, values) {
  const [title, axes, note] = t('charts.' + kind);
  const figure = document.createElement('figure');
  const svg = add(figure, 'svg', {viewBox: `0 0 ${WIDE} ${HIGH}`, role: 'img', class: kind});
  const said = note.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
  svg.setAttribute('aria-label', `${title}: ${axes}; ${said}`);
  const x = value => LEFT + (value - lowX) / (highX - lowX || 1) * (WIDE - LEFT - RIGHT);
  const y = value => HIGH - BOTTOM - (value - lowY) / (highY - lowY || 1) * (HIGH - TOP - BOTTOM);
  for (const tick of ticks(lowY, highY)) {
    add(svg, 'path', {class: 'axis', d: `M${LEFT} ${y(tick)}H${WIDE - RIGHT}`});
    add(svg, 'text', {x: LEFT - 6, y: y(tick) + 4, 'text-anchor': 'end'}, asY(tick));
  }
  for (const tick of ticks(lowX, highX, 5)) {
    add(svg, 'text', {x: x(tick), y: HIGH - 6, 'text-anchor': 'middle'}, asX(tick));
  }
  const caption = document.createElement('figcaption');
  const strong = document.createElement('b');
  strong.textContent = title;
  caption.append(strong, `${axes}; ${said}`);
  figure.append(caption);
  return {figure, svg, x, y};
}

// Round numbers between two.
function ticks(low, high, most = 4) {
  const rough = (high - low || 1) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(k => k * power).find(k => k >= rough);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step || 0);
  return found;
}

function line(svg, points, kind) {
  if (points.length > 1) add(svg, 'path', {class: `line ${kind}`, d: 'M' + points.map(p => p.map(v => v.toFixed(1)).join(' ')).join('L')});
}

function short(value) {
  return value >= 10000 ? number(value / 1000, 3) + 'k' : number(value, 3);
}

function errors({history, kept}) {
  const measured = history.flatMap(row => row.slice(1)).filter(value => value !== null);
  if (!kept) return [];
  const {figure, svg, x, y} = frame('errors', [0, history[history.length - 1][0]], [0, Math.max(...measured)],
    short, value => share(value), {n: whole(kept[0]), share: share(kept[2])});
  add(svg, 'path', {class: 'dotted', d: `M${x(kept[0])} ${TOP}V${HIGH - BOTTOM}`});
  ['train', 'valid', 'test'].forEach((kind, k) => {
    const points = history.filter(row => row[k + 1] !== null).map(row => [x(row[0]), y(row[k + 1])]);
    line(svg, points, kind);
    for (const [cx, cy] of points.length <= 40 ? points : points.slice(-1)) add(svg, 'circle', {class: `dot ${kind}`, cx, cy, r: 3.2});
  });
  const caption = figure.querySelector('figcaption');
  ['train', 'valid', 'test'].forEach(kind => {
    const key = add(caption, 'svg', {viewBox: '0 0 10 10', class: 'key', 'aria-hidden': 'true'});
    add(key, 'circle', {class: `dot ${kind}`, cx: 5, cy: 5, r: 4});
    caption.append(t('series.' + kind));
  });
  return [figure];
}

function costs({costs}) {
  const points = costs.filter(([, cost]) => cost !== null);
  if (points.length < 2) return [];
  const {figure, svg, x, y} = frame('costs', [0, points[points.length - 1][0]], [0, Math.max(...points.map(p => p[1]))],
    short, short, {n: number(points[points.length - 1][1])});
  line(svg, points.map(([n, cost]) => [x(n), y(cost)]), 'train');
  return [figure];
}

function lengths({lengths, n_train: n}) {
  const {figure, svg, x, y} = frame('lengths', [Math.min(0, lengths[0][0]), lengths[lengths.length - 1][1]], [0, Math.max(...lengths.map(b => b[2]))],
    short, short, {n: whole(n), most: whole(lengths[lengths.length - 1][1])});
  for (const [low, high, count] of lengths) {
    add(svg, 'rect', {class: 'rod', x: x(low), y: y(count), width: Math.max(0.5, x(high + 1) - x(low) - 0.7), height: y(0) - y(count)});
  }
  return [figure];
}

function reliability({reliability: bins}) {
  const total = bins.reduce((sum, bin) => sum + bin[0], 0);
  const low = Math.floor(10 * Math.min(...bins.map(bin => bin[1]))) / 10;
  const {figure, svg, x, y} = frame('reliability', [low, 1], [0, 1], number, number, {});
  add(svg, 'path', {class: 'dotted', d: `M${x(low)} ${y(low)}L${x(1)} ${y(1)}`});
  for (const [count, sure, right] of bins) {
    add(svg, 'circle', {class: 'share valid', cx: x(sure), cy: y(right), r: 2.5 + 14 * Math.sqrt(count / total)});
  }
  return [figure];
}

// The figures of what GET /model says of a model: those that its file has the numbers for.
export function draw(model) {
  return Object.entries({history: errors, costs, lengths, reliability})
    .flatMap(([name, chart]) => model[name]?.length ? chart(model) : []);
}
