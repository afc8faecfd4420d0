// The worker of checker.js. Go's own wasm_exec.js stands before these lines. The program is fetched once; files are read as
// they lie, piece by piece, and go nowhere.
'use strict';
let program = null;
const load = async (address) => {
  const go = new Go();
  const { instance } = await WebAssembly.instantiateStreaming(fetch(address), go.importObject);
  go.run(instance).then(() => { program = null; }); // it ends only when it breaks
};
const handle = (file) => {
  const reader = new FileReaderSync();
  return file && { size: file.size, read: (at, n) => new Uint8Array(reader.readAsArrayBuffer(file.slice(at, at + n))) };
};
onmessage = async ({ data }) => {
  if (data.wasm) { program = load(data.wasm); return; }
  const { id } = data;
  try {
    await program;
    const text = colophonCheck(JSON.stringify(data.order), handle(data.file), handle(data.sidecar), (done) => postMessage({ id, done }));
    postMessage({ id, report: text && JSON.parse(text) });
  } catch {
    postMessage({ id, report: null });
  }
};
