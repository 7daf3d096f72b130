// The model in this browser: what is asked here is not sent.

import {load} from './onnx.js';

let loading = null;

async function begin() {
  const ort = await import('/runtime/ort.wasm.min.mjs');
  ort.env.wasm.numThreads = 1;  // more of them need headers that few pages have
  return load(ort, '/model.onnx');
}

/** Return what the server would say of a text, without the words' shares in it. */
export async function answer(text) {
  loading ??= begin().catch(error => {
    loading = null;  // so that it may be tried again
    throw error;
  });
  const {classes, predict, reads} = await loading;
  const [row] = await predict([text]);
  const probability = Math.max(...row);
  if (Number.isNaN(probability)) return {label: null, problem: true};
  const {unknown, known} = reads(text);
  return {label: classes[row.indexOf(probability)], probability, unknown_words: unknown, note: !known,
          probabilities: Object.fromEntries(classes.map((name, k) => [name, row[k]]))};
}
