// Before anything is drawn, so that a dark page does not flash white.
try {
  document.documentElement.dataset.theme = localStorage.getItem("emojimap-theme") || "auto";
} catch {
  document.documentElement.dataset.theme = "auto";
}
