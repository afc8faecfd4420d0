// Brings the row that was just changed, or that something is wrong with, into view.
'use strict';
(document.querySelector('.row.wrong input[aria-invalid]') || document.querySelector('.row[data-focus] input:not([type=hidden])'))?.focus();
