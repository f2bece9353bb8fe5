"use strict";
// Before anything is drawn: as the screen is, unless a person chose light or dark.
document.documentElement.dataset.theme = localStorage.getItem("dystrack theme") || "";
