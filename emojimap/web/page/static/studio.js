// Photo in, what was fitted out: drop, paste, file or camera. The photo stays in the browser.
import { post, Refused, shrink } from "emojimap/photo.js";

const { h } = Vue;

export default {
  props: {
    look: String, // the style that is shown
    known: Array, // styles that were fitted to this photo
  },
  emits: ["fit", "undo", "redo"],
  data() {
    return {
      url: null, // of the photo
      status: "",
      error: "",
      busy: false,
      over: false, // something is dragged over the page
      camera: false,
      sheet: null,
      box: null, // of the face: x, y, width, height in pixels of the photo
      shape: null, // width and height of the photo
    };
  },
  computed: {
    hasCamera() {
      return window.isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);
    },
    /** How the photo is laid so that the face fills its square. */
    cut() {
      if (!this.box || !this.shape) return {};
      const [x, y, width, height] = this.box;
      const side = Math.min(2 * Math.max(width, height), ...this.shape);
      const place = (middle, whole) => Math.min(Math.max(middle - side / 2, 0), whole - side);
      const left = place(x + width / 2, this.shape[0]);
      const top = place(y + height * 0.42, this.shape[1]); // hair needs more room than the chin
      return {
        width: `${(100 * this.shape[0]) / side}%`,
        height: `${(100 * this.shape[1]) / side}%`,
        left: `${(-100 * left) / side}%`,
        top: `${(-100 * top) / side}%`,
      };
    },
  },
  watch: {
    look() {
      if (this.blob && !this.taking && !this.known.includes(this.look)) this.fit();
    },
  },
  mounted() {
    this.count = this.taking = 0;
    this.quit = new AbortController();
    const on = (name, run) => window.addEventListener(name, run, { signal: this.quit.signal });
    on("paste", this.pasted);
    on("keydown", this.key);
    on("dragover", (event) => this.dragged(event, true));
    on("dragleave", (event) => event.relatedTarget === null && this.dragged(event, false));
    on("drop", (event) => {
      this.dragged(event, false);
      this.take(event.dataTransfer?.files[0]);
    });
  },
  unmounted() {
    this.quit.abort();
    this.abort?.abort();
    this.stopCamera();
    for (const url of [this.url, this.sheet]) if (url) URL.revokeObjectURL(url);
  },
  methods: {
    dragged(event, over) {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      this.over = over;
    },
    pasted(event) {
      const file = event.clipboardData?.files[0];
      if (!file) return;
      event.preventDefault();
      this.take(file);
    },
    key(event) {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      if (event.target.matches?.("input[type=text], textarea")) return;
      const name = event.key.toLowerCase();
      const redo = (name === "z" && event.shiftKey) || name === "y";
      if (!redo && name !== "z") return;
      event.preventDefault();
      this.$emit(redo ? "redo" : "undo");
    },
    async take(file) {
      if (!file) return;
      this.abort?.abort();
      this.status = "Reading the photo …";
      this.error = "";
      const mine = ++this.count;
      const blob = await shrink(file);
      if (mine !== this.count) return;
      const url = URL.createObjectURL(blob);
      this.taking = mine;
      const answer = await this.ask(blob);
      if (this.taking === mine) this.taking = 0;
      if (!answer) {
        URL.revokeObjectURL(url);
        return;
      }
      if (this.url) URL.revokeObjectURL(this.url);
      this.blob = blob;
      this.url = url;
      this.box = answer.face.box;
      this.$emit("fit", { fresh: true, ...answer });
      if (answer.style !== this.look) this.fit(); // another style was chosen meanwhile
    },
    async fit() {
      const answer = await this.ask(this.blob);
      if (answer) this.$emit("fit", { fresh: false, ...answer });
    },
    /** Ask the service, telling how it goes; nothing if it refused or a newer photo came. */
    async ask(blob) {
      this.abort?.abort();
      const abort = (this.abort = new AbortController());
      const look = this.look;
      this.busy = true;
      this.error = "";
      this.status = "Looking at the photo …";
      try {
        const query = { style: look, top: 5, format: "json" };
        const waiting = (seconds, attempt, most) => {
          this.status = `The server is busy: trying again in ${seconds} s (${attempt} of ${most}).`;
        };
        const answer = await post(blob, query, { signal: abort.signal, waiting });
        const found = await answer.json();
        this.status = "";
        return { style: look, face: found.faces[0] };
      } catch (error) {
        this.refused(error);
        return null;
      } finally {
        if (this.abort === abort) this.busy = false;
      }
    },
    refused(error) {
      if (error.name === "AbortError") return;
      this.status = "";
      if (!(error instanceof Refused)) throw error;
      this.error = error.message;
    },
    async showSheet() {
      if (this.busy) return;
      this.abort?.abort();
      const abort = (this.abort = new AbortController());
      this.busy = true;
      this.error = "";
      this.status = "Drawing what was seen …";
      const waiting = (seconds) => (this.status = `The server is busy: trying again in ${seconds} s.`);
      try {
        const query = { style: this.look, top: 5, format: "sheet" };
        const answer = await post(this.blob, query, { signal: abort.signal, waiting });
        this.sheet = URL.createObjectURL(await answer.blob());
        this.status = "";
        await this.$nextTick();
        this.$refs.sheet.showModal();
      } catch (error) {
        this.refused(error);
      } finally {
        if (this.abort === abort) this.busy = false;
      }
    },
    closeSheet() {
      if (this.sheet) URL.revokeObjectURL(this.sheet);
      this.sheet = null;
    },
    async openCamera() {
      this.error = "";
      try {
        this.stream = await navigator.mediaDevices.getUserMedia({
          video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } },
        });
      } catch (error) {
        const denied = error.name === "NotAllowedError";
        this.error = denied
          ? "The browser may not use the camera: allow it in the site's settings, or choose a file."
          : "No camera can be opened: choose a file instead.";
        return;
      }
      this.camera = true;
      await this.$nextTick();
      this.$refs.video.srcObject = this.stream;
      this.$refs.camera.showModal();
    },
    async shoot() {
      const video = this.$refs.video;
      const canvas = document.createElement("canvas");
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      canvas.getContext("2d").drawImage(video, 0, 0);
      this.$refs.camera.close();
      this.take(await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92)));
    },
    stopCamera() {
      for (const track of this.stream?.getTracks() ?? []) track.stop();
      this.stream = null;
      this.camera = false;
    },
    choose(event) {
      this.take(event.target.files[0]);
      event.target.value = ""; // so that the same file can be chosen again
    },
    buttons() {
      const file = (id, label, kind, more) => [
        h("input", {
          id,
          type: "file",
          accept: "image/*",
          class: "visually-hidden file",
          onChange: this.choose,
          ...more,
        }),
        h("label", { for: id, class: `button ${kind}` }, label),
      ];
      return h("div", { class: "buttons" }, [
        ...file("photo-file", this.url ? "New photo" : "Choose a photo", "primary"),
        ...(this.hasCamera
          ? [h("button", { type: "button", class: "button", onClick: this.openCamera }, "Camera")]
          : file("photo-camera", "Take a photo", "", { capture: "user" })),
        this.url &&
          h(
            "button",
            {
              type: "button",
              class: "button quiet",
              onClick: this.showSheet,
              "aria-disabled": String(this.busy), // one that is really disabled loses the focus
            },
            "What was seen",
          ),
      ]);
    },
    dialogs() {
      return [
        this.camera &&
          h(
            "dialog",
            { ref: "camera", "aria-labelledby": "camera-title", onClose: this.stopCamera },
            [
              h("h2", { id: "camera-title" }, "Take a photo"),
              h("video", { ref: "video", autoplay: true, muted: true, playsinline: true }),
              h("div", { class: "buttons" }, [
                h(
                  "button",
                  { type: "button", class: "button primary", onClick: this.shoot, autofocus: true },
                  "Take it",
                ),
                h(
                  "button",
                  { type: "button", class: "button", onClick: () => this.$refs.camera.close() },
                  "Cancel",
                ),
              ]),
            ],
          ),
        this.sheet &&
          h(
            "dialog",
            {
              ref: "sheet",
              class: "wide",
              "aria-labelledby": "sheet-title",
              onClose: this.closeSheet,
            },
            [
              h("h2", { id: "sheet-title" }, "What was seen"),
              h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Sheet" }, [
                h("img", {
                  src: this.sheet,
                  alt: "The photo with what was found in it, the hairs that were compared, and the avatar",
                }),
              ]),
              h("div", { class: "buttons" }, [
                h("a", { class: "button", href: this.sheet, download: "emojimap-sheet.png" }, "Save"),
                h(
                  "button",
                  { type: "button", class: "button primary", onClick: () => this.$refs.sheet.close() },
                  "Close",
                ),
              ]),
            ],
          ),
      ];
    },
  },
  render() {
    const photo = this.url
      ? h("div", { class: "photo" }, [
          h("img", {
            src: this.url,
            alt: "Your photo",
            style: this.cut,
            onLoad: ({ target }) => (this.shape = [target.naturalWidth, target.naturalHeight]),
          }),
        ])
      : h("div", { class: "photo empty", "aria-hidden": "true" });
    return h(
      "section",
      {
        class: ["card", "studio", { over: this.over, filled: this.url }],
        "aria-labelledby": "photo-title",
        "aria-busy": String(this.busy),
      },
      [
        photo,
        h("div", { class: "studio-text" }, [
          h("h2", { id: "photo-title" }, "Photo"),
          h(
            "p",
            { class: "hint" },
            this.url
              ? "It stays in this browser; the server forgets it at once."
              : "Drop a photo of a face anywhere, paste it with Ctrl+V, or choose one.",
          ),
        ]),
        this.buttons(),
        h("div", { class: ["status", { busy: this.busy }], role: "status" }, this.status),
        h("div", { class: "error", role: "alert" }, this.error),
        this.over && h("div", { class: "veil", "aria-hidden": "true" }, "Drop the photo"),
        ...this.dialogs(),
      ],
    );
  },
};
