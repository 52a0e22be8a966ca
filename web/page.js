// SPDX-License-Identifier: MIT
import { startCamera } from "./camera.js";
import { Paper } from "./paper.js";
import { openBoard } from "./source.js";
import { showAbout, showAnswer, showNothing, showReading, showTrouble } from "./view.js";

const PRACTICES = 3;
const find = (id) => document.getElementById(id);
let board = null;
let reading = false; // one picture at a time is on its way
let waiting = false; // and the paper has changed since
let since = 0; // when it changed last
let camera = null; // the promise of a camera that runs or is about to

async function readPaper() {
  const picture = paper.read();
  if (!picture) {
    showNothing();
    return;
  }
  const start = since;
  showReading(true);
  try {
    const answer = await board.read(picture);
    if (paper.blank) showNothing();
    else showAnswer(answer, board.names, performance.now() - start);
  } catch (error) {
    showTrouble(error.message);
  }
  showReading(false);
}

async function changed() {
  waiting = true;
  since = performance.now();
  if (reading || !board) return;
  reading = true;
  while (waiting) {
    waiting = false;
    await readPaper();
  }
  reading = false;
  document.body.dataset.read = String(Number(document.body.dataset.read || 0) + 1);
}

const paper = new Paper(find("paper"), changed, { pen: find("pen"), text: find("pen-text") });

// The first answer takes long, while the browser still compiles what it runs. So a simulated board reads
// pictures that nobody waits for; a real one shows only what it was asked for.
async function practise(opened) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = find("paper").width;
  const scrap = new Paper(canvas, () => {});
  scrap.stroke(canvas.width / 2, canvas.height / 5);
  scrap.stroke(canvas.width / 2, canvas.height * 4 / 5);
  for (let i = 1; i < PRACTICES; i++) await opened.read(scrap.read());
  showAnswer(await opened.read(scrap.read()), opened.names, 0);
  showNothing();
}

async function layFile(file) {
  try {
    const image = await createImageBitmap(file);
    paper.lay(image, image.width, image.height);
  } catch {
    showTrouble(`${file.name} is no picture that this browser can show.`);
  }
}

function setCamera(starting) {
  camera = starting;
  find("camera").setAttribute("aria-pressed", String(Boolean(starting)));
}

// Also one that is still being asked for: it stops as soon as it runs.
function stopCamera() {
  camera?.then((running) => running.stop(), () => {});
  setCamera(null);
}

async function toggleCamera() {
  if (camera) {
    stopCamera();
    return;
  }
  const starting = startCamera(find("video"), (frame, side) => paper.lay(frame, side, side));
  setCamera(starting);
  try {
    await starting;
  } catch (error) {
    if (camera === starting) setCamera(null);
    showTrouble(`The camera cannot be used: ${error.message}`);
  }
}

find("clear").addEventListener("click", () => {
  stopCamera();
  paper.clear();
  changed();
});
find("paper").addEventListener("pointerdown", stopCamera, { capture: true });
find("camera").addEventListener("click", toggleCamera);
find("file").addEventListener("change", (event) => {
  if (event.target.files[0]) layFile(event.target.files[0]);
  event.target.value = "";
});
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
addEventListener("dragleave", () => document.body.classList.remove("dropping"));
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  if (event.dataTransfer.files[0]) layFile(event.dataTransfer.files[0]);
});

try {
  const opened = await openBoard();
  if (opened.simulated) await practise(opened);
  board = opened;
  showAbout(board.about);
  document.body.dataset.ready = "1";
  if (!paper.blank) changed();
} catch (error) {
  showTrouble(`The board does not start: ${error.message}`);
}
