// The photo on its way from the browser to the service and back; it goes nowhere else.

const LONGEST = 2048; // pixels of a side
const TRIES = 5;
const SLEEP_S = [1, 30]; // bounds of what the server may ask to wait

export class Refused extends Error {}

/** Make very large photos smaller; the turn that the camera wrote down is kept. */
export async function shrink(file) {
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return file; // perhaps the server knows the format, or says why not
  }
  const scale = LONGEST / Math.max(picture.width, picture.height);
  try {
    return scale < 1 ? await drawn(picture, scale) : file;
  } finally {
    picture.close();
  }
}

async function drawn(picture, scale) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white"; // what lies behind a transparent picture
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
}

/** Post the photo; wait and try again while the server is busy. */
export async function post(blob, query, { signal, waiting }) {
  for (let attempt = 1; ; attempt++) {
    const answer = await send(blob, query, signal);
    if (answer.ok) return answer;
    if (answer.status !== 429 || attempt === TRIES) throw new Refused(await reason(answer));
    const asked = Number(answer.headers.get("Retry-After")) || SLEEP_S[0];
    const seconds = Math.min(Math.max(asked, SLEEP_S[0]), SLEEP_S[1]);
    waiting(seconds, attempt, TRIES - 1);
    await sleep(seconds, signal);
  }
}

async function send(blob, query, signal) {
  const headers = { "Content-Type": blob.type || "application/octet-stream" };
  try {
    return await fetch(`v1/fit?${new URLSearchParams(query)}`, {
      method: "POST",
      body: blob,
      headers,
      signal,
      cache: "no-store",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The server can't be reached: is it still running?");
  }
}

async function reason(answer) {
  if (answer.status === 401) return "You are not signed in any more: load the page again.";
  try {
    const problem = await answer.json();
    return problem.detail || problem.title || `The server answered ${answer.status}.`;
  } catch {
    return `The server answered ${answer.status} ${answer.statusText}`.trim() + ".";
  }
}

function sleep(seconds, signal) {
  return new Promise((done, fail) => {
    const timer = setTimeout(done, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      fail(new DOMException("a newer photo came", "AbortError"));
    });
  });
}
