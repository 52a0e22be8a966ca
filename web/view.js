// SPDX-License-Identifier: MIT
// Shows an answer of the board: segments, the network's input, outputs, times, the serial line.

const find = (id) => document.getElementById(id);
const SEGMENTS = "abcdefg";
const COUNT = new Intl.NumberFormat("en");
const DIGITS = { 0x3f: "0", 0x06: "1", 0x5b: "2", 0x4f: "3", 0x66: "4", 0x6d: "5", 0x7d: "6", 0x7c: "6",
  0x07: "7", 0x27: "7", 0x7f: "8", 0x6f: "9", 0x67: "9", 0x40: "a dash", 0x79: "E", 0x00: "nothing" };
const FINDINGS = { empty: "there is nothing on the paper", small: "what is drawn is too small",
  full: "there is ink everywhere" };

function showSegments(lit) {
  [...SEGMENTS].forEach((name, i) => find(`segment-${name}`).classList.toggle("lit", Boolean(lit >> i & 1)));
  find("display-text").textContent = lit ? `The display shows ${DIGITS[lit] || "something else"}`
    : "The display is dark";
}

function showInput(answer) {
  const canvas = find("input");
  canvas.width = canvas.height = answer.size;
  const context = canvas.getContext("2d");
  const image = context.createImageData(answer.size, answer.size);
  answer.input.forEach((grey, i) => image.data.set([grey, grey, grey, 255], 4 * i));
  context.putImageData(image, 0, 0);
  const ink = answer.input.filter((grey) => grey > 127).length;
  canvas.setAttribute("aria-label", `${answer.size} by ${answer.size} pixels, ${ink} of them light`);
}

function makeBars(count, names) {
  const list = find("outputs");
  list.replaceChildren(...Array.from({ length: count }, (_, i) => {
    const item = document.createElement("li");
    const parts = ["name", "track", "value"].map((name) => {
      const span = document.createElement("span");
      span.className = name;
      return span;
    });
    parts[0].textContent = names[i] ?? i;
    const bar = document.createElement("span");
    bar.className = "bar";
    parts[1].append(bar);
    item.append(...parts);
    return item;
  }));
  return list;
}

function showOutputs(answer, names) {
  const list = find("outputs");
  if (list.children.length !== answer.outputs.length) makeBars(answer.outputs.length, names);
  const low = Math.min(...answer.outputs);
  const range = Math.max(...answer.outputs) - low || 1;
  answer.outputs.forEach((value, i) => {
    const item = list.children[i];
    item.classList.toggle("best", answer.finding === "digit" && i === answer.best);
    item.querySelector(".bar").style.width = `${100 * (value - low) / range}%`;
    item.querySelector(".value").textContent = value;
  });
}

function verdict(answer, names) {
  if (FINDINGS[answer.finding]) return `No digit: ${FINDINGS[answer.finding]}.`;
  const best = names[answer.best] ?? answer.best;
  if (answer.class < 0) return `Not sure; most like ${best}.`;
  return `It reads ${names[answer.class] ?? answer.class}, by ${answer.margin} before the next.`;
}

export function showAnswer(answer, names, milliseconds) {
  showSegments(answer.segments);
  showInput(answer);
  showOutputs(answer, names);
  find("verdict").textContent = verdict(answer, names);
  find("cycles").textContent = COUNT.format(answer.cycles);
  find("milliseconds").textContent = `${answer.milliseconds.toFixed(2)} ms`;
  find("answer-time").textContent = `${milliseconds.toFixed(1)} ms`;
  find("log").textContent = answer.log.join("\n");
  find("trouble").hidden = true;
}

export function showNothing() {
  showSegments(0);
  const canvas = find("input");
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  canvas.setAttribute("aria-label", "Nothing yet");
  find("outputs").replaceChildren();
  find("verdict").textContent = "The paper is blank.";
  for (const id of ["cycles", "milliseconds", "answer-time"]) find(id).textContent = "–";
  find("log").textContent = "";
  find("trouble").hidden = true;
}

export function showTrouble(message) {
  const trouble = find("trouble");
  trouble.textContent = message;
  trouble.hidden = false;
}

export function showReading(on) {
  find("lamp").classList.toggle("lit", on);
}

export function showAbout(text) {
  find("about").textContent = text;
}
