// Light, dark, or as the system says; kept in this browser alone.
import { roving } from "emojimap/roving.js";

const { h } = Vue;
const THEMES = ["auto", "light", "dark"];

export default {
  data() {
    return { theme: document.documentElement.dataset.theme || "auto" };
  },
  methods: {
    pick(index) {
      this.theme = THEMES[index];
      document.documentElement.dataset.theme = this.theme;
      try {
        localStorage.setItem("emojimap-theme", this.theme);
      } catch {
        // Kept for this visit only, where the browser stores nothing.
      }
    },
  },
  render() {
    return h(
      "div",
      {
        class: "themes",
        role: "radiogroup",
        "aria-label": "Colours of the page",
        onKeydown: (event) => roving(event, (index) => this.pick(index)),
      },
      THEMES.map((name, index) =>
        h(
          "button",
          {
            type: "button",
            class: "theme",
            role: "radio",
            "data-item": "",
            "data-theme-name": name,
            "aria-checked": String(name === this.theme),
            tabindex: name === this.theme ? 0 : -1,
            onClick: () => this.pick(index),
          },
          name,
        ),
      ),
    );
  },
};
