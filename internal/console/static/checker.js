// Reads files in a worker of this browser. Nothing is sent anywhere: the worker gets the file, and answers what it says about
// itself. An element with data-reader, data-wasm, data-language, data-keys, data-code and data-provider (the template
// "checker") says where the worker and the program are.
//
//   const reader = colophonChecker(element);       // starts nothing yet
//   const report = await reader.read(files, tell); // a FileList: the file, and perhaps its FILE.aigc.json; tell(bytes read)
//   report.digest, report.number, report.answer, report.title, report.looks, …: see package internal/checker
'use strict';
const colophonChecker = (element) => {
  const from = element.dataset;
  const rules = { createScriptURL: (url) => url === from.reader ? url : '' };
  const policy = window.trustedTypes ? trustedTypes.createPolicy('colophon-checker', rules) : rules;
  const waiting = new Map();
  let worker = null;
  let last = 0;
  const fail = () => {
    if (worker) worker.terminate();
    worker = null;
    for (const one of waiting.values()) one.reject(new Error('reading failed'));
    waiting.clear();
  };
  const start = () => {
    worker = new Worker(policy.createScriptURL(from.reader));
    worker.onerror = fail;
    worker.onmessage = ({ data }) => {
      const one = waiting.get(data.id);
      if (!one) return;
      if (data.done !== undefined) return one.tell(data.done);
      if (!data.report) return fail();
      waiting.delete(data.id);
      one.resolve(data.report);
    };
    worker.postMessage({ wasm: from.wasm });
  };
  return {
    start: () => { if (!worker) start(); },
    read: (files, tell = () => {}) => new Promise((resolve, reject) => {
      const list = Array.from(files);
      const sidecar = list.length > 1 ? list.find((f) => f.name.endsWith('.aigc.json')) : undefined;
      const file = list.find((f) => f !== sidecar);
      if (!worker) start();
      last += 1;
      waiting.set(last, { resolve, reject, tell });
      const order = { name: file.name, language: from.language, keys: from.keys, code: from.code, provider: from.provider };
      worker.postMessage({ id: last, file, sidecar: sidecar || null, order });
    }),
  };
};
