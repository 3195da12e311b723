// Groups of pictures and of colours to choose from, each a group of radio buttons.
import { roving } from "emojimap/roving.js";

const { h } = Vue;
const HEX = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i;

export default {
  props: {
    groups: Array, // {kind: "parts", id, title, base, zoom, options: [{value, label, add}], value}
    //                {kind: "colour", id, title, options: [{value, label}], value, name}
    heading: { type: String, default: "h3" },
    prefix: String,
  },
  emits: ["pick", "paint"],
  data() {
    return { wrong: null };
  },
  methods: {
    pick(group, index) {
      const event = group.kind === "colour" ? "paint" : "pick";
      this.$emit(event, { group: group.id, value: group.options[index].value });
    },
    paint(group, text) {
      const match = HEX.exec(text.trim());
      this.wrong = match ? null : group.id;
      if (!match) return;
      const digits = match[1].length === 3 ? match[1].replace(/./g, "$&$&") : match[1];
      this.$emit("paint", { group: group.id, value: `#${digits.toLowerCase()}` });
    },
    items(group, draw) {
      const chosen = group.options.findIndex((option) => option.value === group.value);
      return h(
        "div",
        {
          class: group.kind === "colour" ? "swatches" : "thumbs",
          role: "radiogroup",
          "aria-labelledby": `${this.prefix}-${group.id}`,
          onKeydown: (event) => roving(event, (index) => this.pick(group, index)),
        },
        group.options.map((option, index) =>
          h(
            "button",
            {
              key: option.value ?? "",
              type: "button",
              role: "radio",
              "data-item": "",
              "data-value": option.value ?? "",
              "aria-checked": String(index === chosen),
              "aria-label": option.label,
              title: option.label,
              tabindex: index === Math.max(chosen, 0) ? 0 : -1,
              onClick: () => this.pick(group, index),
              ...draw.attributes(option),
            },
            draw.children(option),
          ),
        ),
      );
    },
    parts(group) {
      return this.items(group, {
        attributes: () => ({ class: "thumb" }),
        children: (option) => [
          h("span", { class: "thumb-picture" }, [
            h("img", {
              src: `page/avatar.svg?${group.base}&${option.add}`,
              alt: "",
              loading: "lazy",
              decoding: "async",
              width: 96,
              height: 96,
              style: group.zoom,
            }),
          ]),
          h("span", { class: "thumb-name", "aria-hidden": "true" }, option.label),
        ],
      });
    },
    colour(group) {
      const id = `${this.prefix}-${group.id}`;
      return [
        this.items(group, {
          attributes: (option) => ({ class: "swatch", style: { "--paint": option.value } }),
          children: () => [],
        }),
        h("div", { class: "own" }, [
          h("label", { for: `${id}-any` }, "Any colour"),
          h("input", {
            id: `${id}-any`,
            type: "color",
            value: group.value,
            onChange: (event) => this.paint(group, event.target.value),
          }),
          h("label", { for: `${id}-hex` }, "Hex"),
          h("input", {
            id: `${id}-hex`,
            type: "text",
            class: "hex",
            value: group.value,
            maxlength: 7,
            spellcheck: "false",
            autocomplete: "off",
            "aria-invalid": String(this.wrong === group.id),
            "aria-describedby": this.wrong === group.id ? `${id}-wrong` : undefined,
            onChange: (event) => this.paint(group, event.target.value),
          }),
          this.wrong === group.id &&
            h("span", { id: `${id}-wrong`, class: "wrong", role: "alert" }, "Write it like #a3512b"),
        ]),
      ];
    },
  },
  render() {
    return h(
      "div",
      { class: "groups" },
      this.groups.map((group) =>
        h("div", { key: group.id, class: "group" }, [
          h(this.heading, { id: `${this.prefix}-${group.id}` }, [
            group.title,
            group.name && h("span", { class: "aside" }, ` ${group.name}`),
          ]),
          group.kind === "colour" ? this.colour(group) : this.parts(group),
        ]),
      ),
    );
  },
};
