// SPDX-License-Identifier: MIT
// The board behind the program that serves this page: `dime live`.

async function json(response) {
  const answer = await response.json().catch(() => ({ error: `the server answers ${response.status}` }));
  if (!response.ok) throw new Error(answer.error || `the server answers ${response.status}`);
  return answer;
}

export async function openBoard() {
  const about = await json(await fetch("board"));
  return {
    about: about.about,
    names: about.classes,
    simulated: about.simulated,
    async read({ width, height, pixels }) {
      const body = new Uint8Array(4 + pixels.length);
      new DataView(body.buffer).setUint16(0, width, true);
      new DataView(body.buffer).setUint16(2, height, true);
      body.set(pixels, 4);
      return json(await fetch("picture", { method: "POST", body,
        headers: { "Content-Type": "application/octet-stream" } }));
    },
  };
}
