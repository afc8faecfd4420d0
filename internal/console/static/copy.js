// Copies what is shown once, for whoever has to pass it on.
'use strict';
const text = document.querySelector('[data-copy]');
const copier = document.querySelector('[data-copier]');
if (text && copier && navigator.clipboard) {
  copier.hidden = false;
  copier.querySelector('button').addEventListener('click', async () => {
    await navigator.clipboard.writeText(text.textContent);
    copier.querySelector('[data-copied]').hidden = false;
  });
}
