// Counts the letters and digits of a reason while somebody writes it.
'use strict';
for (const area of document.querySelectorAll('[data-counted]')) {
  const told = document.getElementById(area.id + '-count');
  const tell = () => { told.textContent = area.dataset.counted.replace('{}', (area.value.match(/[\p{L}\p{Nd}]/gu) || []).length); };
  area.addEventListener('input', tell);
  tell();
}
