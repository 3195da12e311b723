// Downloads, DiceBear options and the link. The link holds the avatar itself, behind its #.

const { h } = Vue;
const SIZES = [256, 512, 1024, 2048];

export default {
  props: {
    query: String,
    json: String,
    file: String, // name without suffix
  },
  emits: ["link"],
  data() {
    return { size: 512, said: "", page: location.href.split("#")[0] };
  },
  computed: {
    link() {
      return `${this.page}#${this.query}`;
    },
    jsonUrl() {
      return `data:application/json;charset=utf-8,${encodeURIComponent(this.json)}`;
    },
  },
  watch: {
    query() {
      this.said = "";
      history.replaceState(history.state, "", `#${this.query}`);
    },
  },
  mounted() {
    this.arrive();
    window.addEventListener("hashchange", this.arrive);
  },
  unmounted() {
    window.removeEventListener("hashchange", this.arrive);
  },
  methods: {
    arrive() {
      const given = location.hash.slice(1);
      if (given.includes("=") && given !== this.query) this.$emit("link", given);
    },
    async copy(text, what) {
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        byHand(text); // plain http gives no clipboard
      }
      this.said = `${what} copied`;
    },
  },
  render() {
    const save = (label, href, suffix, kind = "") =>
      h("a", { class: `button ${kind}`, href, download: `${this.file}.${suffix}` }, label);
    const copy = (label, text, what) =>
      h("button", { type: "button", class: "button", onClick: () => this.copy(text, what) }, label);
    const sizes = SIZES.map((size) =>
      h("option", { value: size, selected: size === this.size }, `${size} × ${size}`),
    );
    return h("section", { class: "card save", "aria-labelledby": "save-title" }, [
      h("h2", { id: "save-title" }, "Save and share"),
      h("div", { class: "row" }, [
        h("label", { for: "png-size" }, "PNG size"),
        h(
          "select",
          { id: "png-size", onChange: (event) => (this.size = Number(event.target.value)) },
          sizes,
        ),
        save("PNG", `page/avatar.png?${this.query}&size=${this.size}`, "png", "primary"),
        save("SVG", `page/avatar.svg?${this.query}`, "svg"),
        save("JSON", this.jsonUrl, "json"),
      ]),
      h("div", { class: "row" }, [
        copy("Copy DiceBear options", this.json, "DiceBear options"),
        copy("Copy link", this.link, "Link"),
        h("span", { class: "said", role: "status" }, this.said),
      ]),
      h(
        "p",
        { class: "hint" },
        "The options draw the same avatar with any DiceBear tool. The link holds the avatar itself, not the photo.",
      ),
    ]);
  },
};

function byHand(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
