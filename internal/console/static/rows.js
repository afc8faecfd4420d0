// Brings the row that was just changed, or that something is wrong with, into view; and opens a row whose field is not right, so
// that the browser can say so there.
'use strict';
document.addEventListener('invalid', (event) => {
  const row = event.target.closest('details');
  if (row) row.open = true;
}, true);
(document.querySelector('.wrong [aria-invalid]') || document.querySelector('[data-focus] input:not([type=hidden])'))?.focus();
