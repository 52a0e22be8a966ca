// SPDX-License-Identifier: MIT
// The paper: strokes by mouse, pen, finger or keyboard, and pictures laid on it. Calls back when it changed.

const PEN_WIDTH = 19;
const SENT_SIDE = 136; // a whole number of cells of the chip's vision
const LARGEST_SIDE = 320; // of a picture that is laid on the paper
const KEY_STEP = 8;

function fit(width, height, side) {
  const scale = side / Math.max(width, height);
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

function scratch(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  return context;
}

function greyLevels(context) {
  const { width, height } = context.canvas;
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(width * height);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = Math.round(0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]);
  }
  return { width, height, pixels };
}

export class Paper {
  // keyboard: the elements that show the keyboard's pen and say where it is; a paper without takes no keys.
  constructor(canvas, changed, keyboard = null) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.changed = changed;
    this.pen = keyboard?.pen;
    this.penText = keyboard?.text;
    this.cursor = { x: canvas.width / 2, y: canvas.height / 2, down: false };
    this.clear();
    if (keyboard) this.listen();
  }

  clear() {
    this.context.fillStyle = "#fff";
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.blank = true;
    this.picture = null; // a picture that was laid on the paper, as it is sent
    this.last = null;
  }

  // What is to be read: { width, height, pixels }, or null for a blank paper.
  read() {
    if (this.picture) return this.picture;
    if (this.blank) return null;
    const small = scratch(SENT_SIDE, SENT_SIDE);
    small.drawImage(this.canvas, 0, 0, SENT_SIDE, SENT_SIDE);
    return greyLevels(small);
  }

  // Lays an image, a video frame or a canvas of that size on the paper.
  lay(image, width, height) {
    const [sentWidth, sentHeight] =
      Math.max(width, height) > LARGEST_SIDE ? fit(width, height, LARGEST_SIDE) : [width, height];
    const sent = scratch(sentWidth, sentHeight);
    sent.fillStyle = "#fff"; // behind what is transparent
    sent.fillRect(0, 0, sentWidth, sentHeight);
    sent.drawImage(image, 0, 0, sentWidth, sentHeight);
    this.clear();
    const [shownWidth, shownHeight] = fit(width, height, this.canvas.width);
    this.context.drawImage(sent.canvas, (this.canvas.width - shownWidth) / 2,
      (this.canvas.height - shownHeight) / 2, shownWidth, shownHeight);
    this.picture = greyLevels(sent);
    this.blank = false;
    this.changed();
  }

  // A stroke goes on, or begins where `last` is null.
  stroke(x, y) {
    if (this.picture) this.clear();
    const from = this.last || { x, y };
    this.context.strokeStyle = "#000";
    this.context.lineWidth = PEN_WIDTH;
    this.context.lineCap = this.context.lineJoin = "round";
    this.context.beginPath();
    this.context.moveTo(from.x, from.y);
    this.context.lineTo(x, y);
    this.context.stroke();
    this.last = { x, y };
    this.blank = false;
    this.changed();
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * this.canvas.width / box.width,
      (event.clientY - box.top) * this.canvas.height / box.height];
  }

  listen() {
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.canvas.setPointerCapture(event.pointerId);
      this.pointer = event.pointerId;
      this.last = null;
      this.pen.hidden = true;
      this.stroke(...this.place(event));
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== this.pointer) return;
      const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
      for (const part of events.length ? events : [event]) this.stroke(...this.place(part));
    });
    for (const name of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(name, () => { this.pointer = undefined; });
    }
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("blur", () => { this.pen.hidden = true; });
  }

  key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const cursor = this.cursor;
    if (steps[event.key]) {
      const [x, y] = steps[event.key];
      cursor.x = Math.min(Math.max(cursor.x + x * KEY_STEP, 0), this.canvas.width);
      cursor.y = Math.min(Math.max(cursor.y + y * KEY_STEP, 0), this.canvas.height);
      if (cursor.down) this.stroke(cursor.x, cursor.y);
    } else if (event.key === " ") {
      cursor.down = !cursor.down;
      this.last = null;
      if (cursor.down) this.stroke(cursor.x, cursor.y);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      cursor.down = false;
      this.clear();
      this.changed();
    } else {
      return;
    }
    event.preventDefault();
    this.showPen();
  }

  showPen() {
    this.pen.hidden = false;
    this.pen.classList.toggle("down", this.cursor.down);
    this.pen.style.left = `${100 * this.cursor.x / this.canvas.width}%`;
    this.pen.style.top = `${100 * this.cursor.y / this.canvas.height}%`;
    const percent = (place, size) => Math.round(100 * place / size);
    this.penText.textContent = `Pen ${this.cursor.down ? "down" : "up"}, ` +
      `${percent(this.cursor.x, this.canvas.width)} % from the left, ` +
      `${percent(this.cursor.y, this.canvas.height)} % from the top`;
  }
}
