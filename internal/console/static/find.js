// Finds content by a file that stays in the browser: its digest is computed here, and its label is read here where the reader
// of checker.js is built in. Digest and content number alone are looked up.
'use strict';
const find = document.querySelector('[data-find]');
if (find && window.crypto.subtle) {
  const drop = find.querySelector('[data-drop]');
  const input = find.querySelector('[data-file]');
  const told = find.querySelector('[data-told]');
  const reader = find.dataset.wasm && typeof colophonChecker === 'function' ? colophonChecker(find) : null;
  drop.hidden = false;
  const hex = (bytes) => [...new Uint8Array(bytes)].map((b) => b.toString(16).padStart(2, '0')).join('');
  const look = async (files) => {
    told.textContent = find.dataset.reading;
    try {
      const number = reader ? reader.read(files).then((report) => report.number, () => '') : '';
      const digest = await crypto.subtle.digest('SHA-256', await files[0].arrayBuffer());
      find.elements.q.value = hex(digest);
      find.elements.number.value = await number || '';
      find.elements.number.disabled = !find.elements.number.value;
      find.requestSubmit();
    } catch {
      told.textContent = find.dataset.unread;
    }
  };
  input.addEventListener('change', () => { if (input.files.length) look(input.files); });
  drop.addEventListener('dragover', (event) => { event.preventDefault(); drop.classList.add('over'); });
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    if (event.dataTransfer.files.length) look(event.dataTransfer.files);
  });
}
