// SPDX-License-Identifier: MIT
// Opens live pages in Chromium, headless, draws every digit of strokes.json with the mouse, and reads the
// lit segments of the drawn display:
//
//   node browse.mjs PLAYWRIGHT_CORE URL...
//   node browse.mjs PLAYWRIGHT_CORE --screenshots FOLDER URL
//
// Prints a JSON object for each page in a list: what was read of each handwriting, how long an answer took,
// what went wrong. Screenshots are of desktop and phone, light and dark.
import { createRequire } from "node:module";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [playwright, ...rest] = process.argv.slice(2);
const screenshots = rest[0] === "--screenshots" ? rest[1] : null;
const urls = screenshots ? rest.slice(2) : rest;
const { chromium } = createRequire(import.meta.url)(playwright);
const handwritings = JSON.parse(readFileSync(new URL("strokes.json", import.meta.url), "utf8"));
const DIGITS = ["abcdef", "bc", "abdeg", "abcdg", "bcfg", "acdfg", "acdefg", "abc", "abcdefg", "abcdfg"];
const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"];
const WAIT = 30000;

let found;

async function litDigit(page) {
  const lit = await page.$$eval(".segment.lit", (all) => all.map((one) => one.id.slice(-1)).sort().join(""));
  return DIGITS.indexOf(lit);
}

// A stroke: points in a square of 100 x 100. Waits until the page has read what is drawn.
async function drawStroke(page, box, points) {
  const before = await page.evaluate(() => Number(document.body.dataset.read || 0));
  const place = ([x, y]) => [box.x + x * box.width / 100, box.y + y * box.height / 100];
  await page.mouse.move(...place(points[0]));
  await page.mouse.down();
  await Promise.all(points.slice(1).map((point) => page.mouse.move(...place(point))));
  await page.mouse.up();
  await page.waitForFunction((count) => Number(document.body.dataset.read || 0) > count, before,
    { timeout: WAIT });
}

async function drawDigit(page, strokes) {
  await page.click("#clear");
  const box = await page.locator("#paper").boundingBox();
  for (const points of strokes) await drawStroke(page, box, points);
  // The last stroke's last point may still be on its way.
  await page.waitForFunction(() => !document.getElementById("lamp").classList.contains("lit"), null,
    { timeout: WAIT });
}

async function readHandwritings(page) {
  for (const [name, digits] of Object.entries(handwritings)) {
    found.answers[name] = [];
    for (const [digit, strokes] of digits.entries()) {
      await drawDigit(page, strokes);
      const answer = await litDigit(page);
      found.answers[name].push(answer);
      found.right += answer === digit;
      found.drawn++;
      const text = await page.textContent("#answer-time");
      found.milliseconds.push(Number.parseFloat(text));
    }
  }
}

async function waitForVerdict(page, words) {
  await page.waitForFunction((start) => document.getElementById("verdict").textContent.startsWith(start),
    words, { timeout: WAIT });
}

// Without a mouse: an upright stroke by the arrow keys is a 1.
async function readKeyboard(page) {
  await page.click("#clear");
  await page.evaluate(() => document.activeElement.blur());
  for (let i = 0; i < 9 && await page.evaluate(() => document.activeElement.id) !== "paper"; i++) {
    await page.keyboard.press("Tab");
  }
  for (let i = 0; i < 9; i++) await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Space");
  for (let i = 0; i < 18; i++) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await page.waitForFunction(() => !document.getElementById("lamp").classList.contains("lit"), null,
    { timeout: WAIT });
  await waitForVerdict(page, "It reads");
  found.keyboard = await litDigit(page);
  found.told = await page.textContent("#pen-text");
  found.verdict = await page.textContent("#verdict");
}

async function readPicture(page) {
  const draw = () => {
    const canvas = document.createElement("canvas");
    canvas.width = 90;
    canvas.height = 120;
    const context = canvas.getContext("2d");
    context.fillStyle = "#ddd";
    context.fillRect(0, 0, 90, 120);
    context.lineWidth = 9;
    context.strokeStyle = "#223";
    context.beginPath();
    context.ellipse(45, 60, 24, 36, 0, 0, 7);
    context.stroke();
    return new Promise((done) => canvas.toBlob((blob) => {
      const data = new DataTransfer();
      data.items.add(new File([blob], "zero.png", { type: "image/png" }));
      dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
      done();
    }));
  };
  await page.click("#clear");
  await waitForVerdict(page, "The paper is blank");
  await page.evaluate(draw);
  await waitForVerdict(page, "It reads");
  found.dropped = await litDigit(page);
}

// Chromium's own test picture. Every stream that the page opens is kept, to see that it is closed again.
async function useCamera(page) {
  const allStopped = (count) => page.waitForFunction((opened) => window.streams.length === opened &&
    window.streams.every((stream) => stream.getTracks().every((track) => track.readyState === "ended")),
  count, { timeout: WAIT });
  const pressed = () => page.getAttribute("#camera", "aria-pressed");
  await page.evaluate(() => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    window.streams = [];
    navigator.mediaDevices.getUserMedia = async (wishes) => {
      const stream = await ask(wishes);
      window.streams.push(stream);
      return stream;
    };
  });
  await page.click("#clear");
  await page.click("#camera");
  await page.waitForFunction(() => !document.getElementById("verdict").textContent.startsWith("The paper"),
    null, { timeout: WAIT });
  const on = await pressed();
  await page.click("#clear");
  await allStopped(1);
  await page.dblclick("#camera");
  await allStopped(2);
  const twice = await pressed();
  await page.evaluate(() => { document.getElementById("video").play = () => Promise.reject(new Error("no")); });
  await page.click("#camera");
  await page.waitForSelector("#trouble:not([hidden])", { timeout: WAIT });
  await allStopped(3);
  const failed = await pressed();
  await page.click("#clear");
  await waitForVerdict(page, "The paper is blank");
  const hidden = await page.locator("#trouble").isHidden();
  found.camera = { on, twice, failed, hidden };
}

// With a finger, on a page as small as a phone: nothing sticks out, and what is read is seen while drawing.
async function readPhone(browser, url) {
  const viewport = { width: 360, height: 640 };
  const page = await browser.newPage({ viewport, hasTouch: true, isMobile: true });
  await page.goto(url);
  await page.waitForSelector("body[data-ready]", { timeout: WAIT });
  const finger = await page.context().newCDPSession(page);
  const box = await page.locator("#paper").boundingBox();
  for (const points of handwritings.slanted[3]) {
    const place = ([x, y]) => ({ x: box.x + x * box.width / 100, y: box.y + y * box.height / 100 });
    const touch = (type, touchPoints) => finger.send("Input.dispatchTouchEvent", { type, touchPoints });
    await touch("touchStart", [place(points[0])]);
    for (const point of points.slice(1)) await touch("touchMove", [place(point)]);
    await touch("touchEnd", []);
  }
  await waitForVerdict(page, "It reads 3");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  const verdict = await page.locator("#verdict").boundingBox();
  found.phone = { digit: await litDigit(page), wide, seen: verdict.y + verdict.height <= viewport.height };
  await page.close();
}

async function takeScreenshots(browser) {
  const sizes = { desktop: { width: 1180, height: 900 }, phone: { width: 390, height: 844 } };
  for (const [name, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await browser.newPage({ viewport, colorScheme, hasTouch: name === "phone",
        isMobile: name === "phone" });
      await page.goto(urls[0]);
      await page.waitForSelector("body[data-ready]", { timeout: WAIT });
      await drawDigit(page, handwritings.slanted[7]);
      await page.mouse.move(2, 2);
      await page.waitForTimeout(200);
      await page.screenshot({ path: join(screenshots, `live-${name}-${colorScheme}.png`), fullPage: true });
      await page.close();
    }
  }
}

async function readPage(browser, url) {
  const page = await browser.newPage({ viewport: { width: 1180, height: 900 } });
  found = { page: url, answers: {}, right: 0, drawn: 0, milliseconds: [], troubles: [] };
  page.on("pageerror", (error) => found.troubles.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") found.troubles.push(message.text());
  });
  await page.goto(url);
  await page.waitForSelector("body[data-ready]", { timeout: WAIT });
  await readHandwritings(page);
  await readKeyboard(page);
  await readPicture(page);
  await useCamera(page);
  if (await page.locator("#trouble").isVisible()) found.troubles.push(await page.textContent("#trouble"));
  await page.close();
  await readPhone(browser, url);
  return found;
}

const profile = mkdtempSync(join(tmpdir(), "dime-browser-"));
const browser = await chromium.launch({ headless: true, args: ARGUMENTS,
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium", env: { ...process.env, HOME: profile } });
const results = [];
try {
  if (screenshots) await takeScreenshots(browser);
  else for (const url of urls) results.push(await readPage(browser, url));
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
if (!screenshots) console.log(JSON.stringify(results, null, 1));
