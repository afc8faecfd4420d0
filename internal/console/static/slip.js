// Prints what is shown once.
'use strict';
const printer = document.querySelector('[data-print]');
if (printer) {
  printer.hidden = false;
  printer.addEventListener('click', () => window.print());
}
