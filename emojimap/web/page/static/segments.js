// A row of tabs, or of radio buttons that look alike.
import { roving } from "emojimap/roving.js";

const { h } = Vue;

export default {
  props: {
    label: String,
    options: Array, // {value, label}
    value: String,
    panel: String, // id of the tab panel
    prefix: String, // of the tabs' ids
  },
  emits: ["pick"],
  watch: {
    value() {
      this.$nextTick(() => {
        const item = this.$el.querySelector('[aria-selected="true"]');
        item?.scrollIntoView({ block: "nearest", inline: "nearest" });
      });
    },
  },
  methods: {
    pick(index) {
      this.$emit("pick", this.options[index].value);
    },
  },
  render() {
    const tab = (option, index) => {
      const chosen = option.value === this.value;
      return h(
        "button",
        {
          key: option.value,
          type: "button",
          id: `${this.prefix}-${option.value}`,
          class: "tab",
          role: "tab",
          "data-item": "",
          "aria-selected": String(chosen),
          "aria-controls": this.panel,
          tabindex: chosen ? 0 : -1,
          onClick: () => this.pick(index),
        },
        option.label,
      );
    };
    return h(
      "div",
      {
        class: "tabs",
        role: "tablist",
        "aria-label": this.label,
        onKeydown: (event) => roving(event, (index) => this.pick(index)),
      },
      this.options.map(tab),
    );
  },
};
