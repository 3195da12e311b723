// Entry of the import map; each component is loaded by itself.
export { roving } from "./roving.js";
